#include "graph/diagnose.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *severity;
} codes[] = {
#define X(NAME, name, severity) {name, severity},
    DIAGNOSTICS(X)
#undef X
};

_Static_assert(DIAGNOSTIC_COUNT <= MODEL_DIAGNOSTIC_CODES, "model.h has room for every code");

const char *diagnostic_name(DiagnosticCode code) {
    return codes[code].name;
}

const char *diagnostic_severity(DiagnosticCode code) {
    return codes[code].severity;
}

bool diagnose(Model *model, DiagnosticCode code, DiagnosticPlace place, const char *format, ...) {
    uint32_t *count = &model->diagnostic_counts[code];
    if (*count >= DIAGNOSTICS_PER_CODE) {
        model->diagnostics.items[model->last_diagnostic[code]].omitted++;
        return true;
    }
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    Diagnostic diagnostic = {.code = (uint8_t)code,
                             .graph = place.graph,
                             .node = place.node,
                             .value = place.value,
                             .tensor = place.tensor,
                             .offset = place.offset};
    if (!interner_store(&model->text, (Bytes){message, strlen(message)}, &diagnostic.message)) return false;
    if (!array_push(&model->diagnostics, diagnostic)) return false;
    model->last_diagnostic[code] = model->diagnostics.count - 1;
    ++*count;
    return true;
}
