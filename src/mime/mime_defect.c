#include "mime/mime_parser.h"

struct words {
    const char *name, *text;
};

static const struct words words[MIME_DEFECT_COUNT] = {
    [MIME_DEFECT_NO_HEADER_END] = {"no-header-end", "the blank line behind a header is missing"},
    [MIME_DEFECT_BARE_LF] = {"bare-lf", "lines that end in LF alone among others"},
    [MIME_DEFECT_BARE_CR] = {"bare-cr", "a CR without its LF"},
    [MIME_DEFECT_NUL] = {"nul", "an octet of value 0"},
    [MIME_DEFECT_LONG_LINE] = {"long-line", "a line of more than 998 octets"},
    [MIME_DEFECT_FIELD_NAME] = {"field-name", "a header line that is no proper field"},
    [MIME_DEFECT_FIELD_TWICE] = {"field-twice", "a field that may be there once stands twice"},
    [MIME_DEFECT_CONTENT_TYPE] = {"content-type", "a Content-Type that is no type"},
    [MIME_DEFECT_PARAMETER] = {"parameter", "parameters that do not fit the grammar"},
    [MIME_DEFECT_ENCODING] = {"encoding", "a transfer encoding that is unknown or out of place"},
    [MIME_DEFECT_NO_BOUNDARY] = {"no-boundary", "a multipart without a boundary"},
    [MIME_DEFECT_BOUNDARY_MISSING] = {"boundary-missing", "the boundary does not occur"},
    [MIME_DEFECT_NOT_CLOSED] = {"not-closed", "no closing boundary"},
    [MIME_DEFECT_BOUNDARY_REUSED] = {"boundary-reused", "an inner boundary is the outer one's"},
    [MIME_DEFECT_HEADER_8BIT] = {"header-8bit", "octets above 127 in a header"},
    [MIME_DEFECT_LIMIT_DEPTH] = {"limit-depth", "nested too deeply: the rest was left unopened"},
    [MIME_DEFECT_LIMIT_PARTS] = {"limit-parts", "too many parts: the rest was left unopened"},
    [MIME_DEFECT_LIMIT_HEADER] = {"limit-header", "a header too large to be read whole"},
    [MIME_DEFECT_LIMIT_PARAMETERS] = {"limit-parameters", "too many parameters"},
    [MIME_DEFECT_LIMIT_MEMORY] = {"limit-memory", "no memory: the rest was left unopened"},
    [MIME_DEFECT_LIMIT_DEFECTS] = {"limit-defects", "more defects than are recorded"},
    [MIME_DEFECT_TRANSFER] = {"transfer", "octets foreign to the transfer encoding"},
    [MIME_DEFECT_TRANSFER_CUT] = {"transfer-cut", "the transfer encoding ends too early"},
    [MIME_DEFECT_CHARSET_UNKNOWN] = {"charset-unknown", "a charset of no known name"},
    [MIME_DEFECT_CHARSET_GUESSED] = {"charset-guessed",
                                     "the charset is not said or false: guessed"},
    [MIME_DEFECT_CHARSET_INVALID] = {"charset-invalid", "octets that the charset does not have"},
    [MIME_DEFECT_ENCODED_WORD] = {"encoded-word", "an encoded word that breaks its rules"},
    [MIME_DEFECT_ADDRESS] = {"address", "addresses that do not fit the grammar"},
    [MIME_DEFECT_DATE] = {"date", "a date that does not fit the grammar"},
    [MIME_DEFECT_FILE_NAME] = {"file-name", "a file name that is not fit to be one"},
    [MIME_DEFECT_TNEF] = {"tnef", "a winmail.dat that contradicts itself"},
};

static const struct words *words_of(enum mime_defect_code c)
{
    static const struct words none = {"unknown", "an unknown defect"};
    return (unsigned)c < MIME_DEFECT_COUNT && words[c].name ? &words[c] : &none;
}

const char *mime_defect_name(enum mime_defect_code c)
{
    return words_of(c)->name;
}

const char *mime_defect_text(enum mime_defect_code c)
{
    return words_of(c)->text;
}
