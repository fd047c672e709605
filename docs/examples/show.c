/* show [FILE]: a message as a person reads it: who, when, what about, the text, and a list of what
 * is attached. C11 and C++. */
#include <poplin/mime.h>

#include <stdio.h>
#include <stdlib.h>

/* Mail may hold whatever it likes: control characters do not reach the terminal. */
static void print(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        /* U+0080 to U+009F are control characters too: two octets, the first of them 0xc2. */
        int is_c1 = c == 0xc2 && i + 1 < size && (unsigned char)text[i + 1] < 0xa0;
        putchar((c < ' ' && c != '\n' && c != '\t') || c == 0x7f || is_c1 ? '?' : c);
        i += (size_t)is_c1;
    }
}

static void print_field(struct poplin_mime *m, const char *name)
{
    struct poplin_slice text;
    if (poplin_mime_text(m, 0, name, &text) != POPLIN_OK)
        return;
    printf("%s: ", name);
    print(text.data, text.size);
    putchar('\n');
}

static void print_text(struct poplin_mime *m, int part)
{
    char chunk[4096];
    size_t size;
    struct poplin_mime_body *b = poplin_mime_body_open(m, part, true);
    putchar('\n');
    while (b && (size = poplin_mime_body_read(b, chunk, sizeof chunk)) > 0)
        print(chunk, size);
    poplin_mime_body_close(b);
}

static void print_attachments(struct poplin_mime *m)
{
    struct poplin_slice name;
    for (int part = 0; part < (int)poplin_mime_count(m); part++)
        if (poplin_mime_file_name(m, part, &name) == POPLIN_OK &&
            poplin_mime_save_name(m, part, &name) == POPLIN_OK) {
            printf("[%d] ", part);
            print(name.data, name.size);
            putchar('\n');
        }
}

/* The whole file, and a little more for the next read. */
static char *read_all(FILE *file, size_t *size)
{
    char *bytes = NULL, *more;
    size_t room = 0, got;
    for (*size = 0;; *size += got) {
        if (room - *size < 65536 && (more = (char *)realloc(bytes, room = room * 2 + 65536)))
            bytes = more;
        else if (room - *size < 65536)
            return free(bytes), (char *)NULL;
        if ((got = fread(bytes + *size, 1, room - *size, file)) == 0)
            return bytes;
    }
}

int main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : stdin;
    struct poplin_mime *m = poplin_mime_new(NULL);
    struct poplin_slice bytes = {NULL, 0};
    if (!file || !m || !(bytes.data = read_all(file, &bytes.size)) ||
        poplin_mime_parse(m, bytes) != POPLIN_OK) {
        fprintf(stderr, "show: cannot read %s\n", argc > 1 ? argv[1] : "standard input");
        return 1;
    }
    print_field(m, "From");
    print_field(m, "Date");
    print_field(m, "Subject");
    int part = poplin_mime_best(m, false);
    if (part != POPLIN_MIME_NONE)
        print_text(m, part);
    print_attachments(m);
    poplin_mime_free(m);
    free((void *)bytes.data);
    return 0;
}
