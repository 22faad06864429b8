/* Families: functions of the model whose bodies are alike but for some nodes, as a block with a projection on its shortcut and
 * one without. Bodies are compared by how many nodes of which operator they come to, calls inside followed. */
#ifndef ONNXDOC_FAMILIES_H
#define ONNXDOC_FAMILIES_H

#include "match/view.h"

/* Fills OperatorTraits.family, the hash of one member: of operators that call no function their own. False when memory runs
 * out. */
bool families_find(View *view);

#endif
