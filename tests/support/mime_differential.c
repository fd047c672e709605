/* Structure as Poplin and as GMime read it: over the messages of a folder and over mutations of
 * them by a fixed seed. A difference belongs to a class (docs/mime/gmime.md) or fails the run.
 *
 *     mime_differential FOLDER MUTATIONS [-v]
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <gmime/gmime.h>

#include "mime_tree.h"

enum { MESSAGE_MAX = 1 << 15, MESSAGES = 100 };

struct message {
    char text[MESSAGE_MAX];
    size_t size;
};

/* What the parser tells of a message that is read in two ways. The first that fits counts. */
static const struct {
    const char *name;
    enum mime_defect_code code;
} told[] = {
    {"missing blank line", MIME_DEFECT_NO_HEADER_END},
    {"lines that are no fields", MIME_DEFECT_FIELD_NAME},
    {"no boundary said", MIME_DEFECT_NO_BOUNDARY},
    {"a type that is none", MIME_DEFECT_CONTENT_TYPE},
    {"two types", MIME_DEFECT_FIELD_TWICE},
    {"parameters", MIME_DEFECT_PARAMETER},
    {"unknown encoding", MIME_DEFECT_ENCODING},
    {"boundary used twice", MIME_DEFECT_BOUNDARY_REUSED},
    {"stray CRs", MIME_DEFECT_BARE_CR},
    {"mixed line ends", MIME_DEFECT_BARE_LF},
};
enum { TOLD = sizeof told / sizeof *told };

/* What is seen in the message or in the two results. */
static const char *const features[] = {"blank lines or an mbox line first",
                                       "no line end at the end", "blanks in a boundary",
                                       "empty parts"};
enum { FEATURES = sizeof features / sizeof *features, CLASSES = TOLD + FEATURES };

static struct message originals[MESSAGES];
static size_t count;
static unsigned long seen[CLASSES + 1]; /* the last: of none */
static unsigned long same;
static bool is_verbose;

static void print_stream(struct buf *b, GMimeDataWrapper *content)
{
    if (!content)
        return;
    GMimeStream *stream = g_mime_data_wrapper_get_stream(content);
    g_mime_stream_reset(stream);
    char chunk[512];
    for (ssize_t n; (n = g_mime_stream_read(stream, chunk, sizeof chunk)) > 0;)
        buf_put(b, slice_of(chunk, (size_t)n));
}

static void print_type(struct buf *b, GMimeObject *o)
{
    GMimeContentType *t = g_mime_object_get_content_type(o);
    char *name = g_mime_content_type_get_mime_type(t);
    char *lower = g_ascii_strdown(name, -1);
    buf_put_str(b, lower);
    g_free(lower);
    g_free(name);
}

/* Bodies of leaves only: preambles and epilogues are not handed out octet by octet. */
static void print_gmime(struct buf *b, GMimeObject *o)
{
    print_type(b, o);
    buf_put_str(b, "{");
    if (GMIME_IS_MULTIPART(o)) {
        buf_put_str(b, "(");
        for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(o)); i++)
            print_gmime(b, g_mime_multipart_get_part(GMIME_MULTIPART(o), i));
        buf_put_str(b, ")");
    } else if (GMIME_IS_MESSAGE_PART(o)) {
        GMimeMessage *m = g_mime_message_part_get_message(GMIME_MESSAGE_PART(o));
        buf_put_str(b, "(");
        if (m && m->mime_part)
            print_gmime(b, m->mime_part);
        buf_put_str(b, ")");
    } else if (GMIME_IS_PART(o)) {
        print_stream(b, g_mime_part_get_content(GMIME_PART(o)));
    }
    buf_put_str(b, "}");
}

static void read_gmime(const struct message *m, char *out)
{
    struct buf b = buf_over(out, MIME_TREE_MAX - 1);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(m->text, m->size);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    if (message && message->mime_part)
        print_gmime(&b, message->mime_part);
    if (message)
        g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
    out[b.size] = '\0';
}

static void print_own(const struct mime_parser *p, const struct message *m, char *out)
{
    struct buf b = buf_over(out, MIME_TREE_MAX - 1);
    uint32_t open = MIME_NONE;
    for (uint32_t i = 0; i <= p->count; i++) {
        uint32_t parent = i < p->count ? p->parts[i].parent : MIME_NONE;
        for (; open != parent; open = p->parts[open].parent)
            buf_put_str(&b, p->parts[open].kind == MIME_LEAF ? "}" : ")}");
        if (i == p->count)
            break;
        const struct mime_part *part = &p->parts[i];
        buf_put(&b, part->type);
        buf_put_str(&b, part->kind == MIME_LEAF ? "{" : "{(");
        if (part->kind == MIME_LEAF)
            mime_tree_put(&b, slice_of(m->text, m->size), part->body, part->end);
        open = i;
    }
    out[b.size] = '\0';
}

static size_t told_class(const struct mime_parser *p)
{
    for (size_t c = 0; c < TOLD; c++) {
        for (uint32_t i = 0; i < p->defect_count; i++) {
            if (p->defects[i].code == told[c].code)
                return c;
        }
    }
    return CLASSES;
}

/* Takes what is said of parts without an octet out of a tree. */
static void drop_empty(char *tree)
{
    static const char *const empty[] = {"text/plain{}", "{()}"};
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(empty[i]);
        for (char *at = tree; (at = strstr(at, empty[i]));)
            memmove(at, at + size, strlen(at + size) + 1);
    }
}

static size_t feature_class(const struct message *m, char *own, char *other)
{
    struct slice text = slice_of(m->text, m->size);
    if (m->size && (memchr("\r\n>", m->text[0], 3) || slice_starts(text, SLICE("From "))))
        return TOLD;
    if (m->size && m->text[m->size - 1] != '\n')
        return TOLD + 1;
    if (memmem(m->text, m->size, " \"\r\n", 4) || memmem(m->text, m->size, "=\" ", 3))
        return TOLD + 2;
    drop_empty(own);
    drop_empty(other);
    return strcmp(own, other) == 0 ? TOLD + 3 : CLASSES;
}

static const char *name_of(size_t c)
{
    return c < TOLD ? told[c].name : c < CLASSES ? features[c - TOLD] : "unclassified";
}

static void show(const struct message *m, const char *own, const char *other, const char *name)
{
    printf("# %s\n--- message\n%.*s\n--- Poplin\n%s\n--- GMime\n%s\n", name, (int)m->size, m->text,
           own, other);
}

static void compare(const struct message *m)
{
    static char own[MIME_TREE_MAX], other[MIME_TREE_MAX];
    struct mime_parser p;
    struct arena arena;
    void *memory = mime_tree_parse(&p, &arena, slice_of(m->text, m->size), SIZE_MAX);
    print_own(&p, m, own);
    read_gmime(m, other);
    size_t c = told_class(&p);
    free(memory);
    if (strcmp(own, other) == 0) {
        same++;
        return;
    }
    if (c == CLASSES)
        c = feature_class(m, own, other);
    seen[c]++;
    if (c == CLASSES || is_verbose)
        show(m, own, other, name_of(c));
}

static void read_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        exit(2);
    for (struct dirent *e; (e = readdir(dir)) && count < MESSAGES;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!f)
            continue;
        originals[count].size = fread(originals[count].text, 1, MESSAGE_MAX / 4, f);
        count++;
        fclose(f);
    }
    closedir(dir);
}

/* A line of any of the messages. */
static struct slice any_line(void)
{
    const struct message *m = &originals[(size_t)rand() % count];
    size_t from = m->size ? (size_t)rand() % m->size : 0;
    while (from > 0 && m->text[from - 1] != '\n')
        from--;
    size_t size = slice_find(slice_of(m->text + from, m->size - from), '\n');
    return slice_of(m->text + from, size < m->size - from ? size + 1 : size);
}

/* Replaces `cut` octets at `at`. */
static void splice(struct message *m, size_t at, size_t cut, struct slice in)
{
    if (m->size - cut + in.size > MESSAGE_MAX)
        return;
    memmove(m->text + at + in.size, m->text + at + cut, m->size - at - cut);
    if (in.size)
        memcpy(m->text + at, in.data, in.size);
    m->size = m->size - cut + in.size;
}

/* Lines are taken out, put in and doubled; now and then an octet is. */
static void mutate(struct message *m)
{
    if (m->size == 0)
        return;
    size_t at = (size_t)rand() % m->size;
    if (rand() % 4 == 0) {
        static const char octets[] = "-\r\n :;\"=ab";
        splice(m, at, (size_t)rand() % 2, slice_of(&octets[rand() % 10], (size_t)rand() % 2));
        return;
    }
    while (at > 0 && m->text[at - 1] != '\n')
        at--;
    size_t line = slice_find(slice_of(m->text + at, m->size - at), '\n');
    line = line < m->size - at ? line + 1 : line;
    char copy[1024];
    struct slice in = any_line();
    in.size = in.size < sizeof copy ? in.size : sizeof copy;
    memcpy(copy, in.data, in.size);
    int how = rand() % 3;
    splice(m, at, how == 0 ? 0 : line, how == 1 ? (struct slice){"", 0} : slice_of(copy, in.size));
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    is_verbose = argc > 3;
    g_mime_init();
    read_folder(argv[1]);
    unsigned long mutations = strtoul(argv[2], NULL, 10);
    for (size_t i = 0; i < count; i++)
        compare(&originals[i]);
    srand(1);
    for (unsigned long i = 0; i < mutations; i++) {
        static struct message m;
        m = originals[(size_t)rand() % count];
        for (int n = 1 + rand() % 4; n > 0; n--)
            mutate(&m);
        compare(&m);
    }
    printf("%lu alike\n", same);
    for (size_t c = 0; c <= CLASSES; c++)
        printf("%lu differ: %s\n", seen[c], name_of(c));
    return seen[CLASSES] > 0;
}
