#include "client/deliver_lines.h"

bool deliver_lines_next(struct deliver_lines *l, struct slice *octets, struct deliver_part *out)
{
    if (octets->size == 0)
        return false;
    size_t at = slice_find(*octets, '\n');
    *out = (struct deliver_part){.text = slice_take(*octets, at), .ends = at < octets->size};
    out->cr = l->held_cr && at > 0;
    l->held_cr = false;
    if (at > 0 && octets->data[at - 1] == '\r') {
        out->text.size--;
        l->held_cr = !out->ends;
    }
    *octets = slice_skip(*octets, out->ends ? at + 1 : at);
    return true;
}
