#include "io/resp.h"

static void line_int(struct resp_out *out, char sign, int64_t number) {
    buf_add_char(out->buf, sign);
    buf_add_i64(out->buf, number);
    buf_add(out->buf, STR("\r\n"));
}

void resp_simple(struct resp_out *out, const char *text) {
    buf_add_char(out->buf, '+');
    buf_add_text(out->buf, text);
    buf_add(out->buf, STR("\r\n"));
}

void resp_error(struct resp_out *out, struct str text) {
    buf_add_char(out->buf, '-');
    for (size_t i = 0; i < text.n; i++) {
        buf_add_char(out->buf, text.p[i] == '\r' || text.p[i] == '\n' ? ' ' : text.p[i]);
    }
    buf_add(out->buf, STR("\r\n"));
}

void resp_int(struct resp_out *out, int64_t number) {
    line_int(out, ':', number);
}

void resp_bulk(struct resp_out *out, struct str text) {
    line_int(out, '$', (int64_t)text.n);
    buf_add(out->buf, text);
    buf_add(out->buf, STR("\r\n"));
}

void resp_text(struct resp_out *out, struct str text) {
    if (!out->is_3) {
        resp_bulk(out, text);
        return;
    }
    line_int(out, '=', (int64_t)text.n + 4);
    buf_add(out->buf, STR("txt:"));
    buf_add(out->buf, text);
    buf_add(out->buf, STR("\r\n"));
}

void resp_null(struct resp_out *out) {
    buf_add(out->buf, out->is_3 ? STR("_\r\n") : STR("$-1\r\n"));
}

void resp_array(struct resp_out *out, size_t count) {
    line_int(out, '*', (int64_t)count);
}

void resp_map(struct resp_out *out, size_t pairs) {
    line_int(out, out->is_3 ? '%' : '*', (int64_t)(out->is_3 ? pairs : 2 * pairs));
}
