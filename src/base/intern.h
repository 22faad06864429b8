/* Interner: each distinct name once, as a Symbol. Equal names have equal symbols, so names compare as
 * integers. Bytes are kept as they are (NUL, invalid UTF-8). Symbol 0 is the empty name.
 *
 * The interner owns all text; the same pool also keeps text that is not worth interning (Text).
 * Views it hands out die with the next intern_* call that adds text.
 */
#ifndef ONNXDOC_INTERN_H
#define ONNXDOC_INTERN_H

#include "base/array.h"
#include "base/bytes.h"

typedef uint32_t Symbol;
#define SYMBOL_EMPTY ((Symbol)0)
#define SYMBOL_NONE  UINT32_MAX

/* Text in the pool of an Interner. */
typedef struct Text {
    uint32_t offset;
    uint32_t size;
} Text;

typedef struct Interner {
    Array(char) pool;
    Array(Text) names; /* by symbol */
    uint64_t *slots;   /* place (high half) and symbol + 1, 0 is free; a power of two, open addressing */
    uint32_t slot_count;
    uint64_t seed; /* per process, so that no file can be made to collide */
} Interner;

bool interner_init(Interner *self);
void interner_free(Interner *self);

/* The symbol of `name`, added when it is new; SYMBOL_NONE when memory (or 4 GiB of text) runs out. */
Symbol interner_add(Interner *self, Bytes name);
/* interner_add in two steps with other work between them: the place of a name, whose memory the processor starts
 * to fetch, and the symbol. Waiting for that memory is a sixth of opening a large graph. */
uint32_t interner_place(const Interner *self, Bytes name);
Symbol interner_add_placed(Interner *self, Bytes name, uint32_t place);
/* The symbol of `name`, or SYMBOL_NONE when it was never added. */
Symbol interner_find(const Interner *self, Bytes name);

static inline Bytes interner_text(const Interner *self, Text text) {
    return (Bytes){self->pool.items + text.offset, text.size};
}
static inline Bytes interner_name(const Interner *self, Symbol symbol) {
    return interner_text(self, self->names.items[symbol]);
}

/* Copies bytes into the pool without interning them; false when memory runs out. */
bool interner_store(Interner *self, Bytes bytes, Text *text);

#endif
