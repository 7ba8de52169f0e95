/* model.c: the few lines that every model would else repeat: headers and responses.
 *
 * Texts are not copied: they live in the arena of the turn, or for ever.
 */
#include "sandbox/model.h"

struct str visit_header(const struct visit *visit, const char *name) {
    for (size_t i = 0; i < visit->request->header_count; i++) {
        if (str_equal_nocase(visit->request->headers[i].name, str_of(name))) {
            return visit->request->headers[i].value;
        }
    }
    return STR_NONE;
}

void response_typed(struct http_response *response, int status, struct str type, struct str body) {
    *response = (struct http_response){.status = status, .content_type = type, .body = body};
}

void response_json(struct http_response *response, int status, struct str body) {
    response_typed(response, status, STR("application/json"), body);
}
