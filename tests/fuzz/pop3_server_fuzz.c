/* The server's machine against octets that a fuzzer makes up.
 *
 * The first octets choose the session (TLS, what is offered, how large the memory is, what fails);
 * the rest is what the client sends, cut into reads by the octet 0xff. Every answer is checked: one
 * reply a line, lines within their limit, output within its memory, and the same again when the
 * whole is fed in one piece. */
#include "../support/pop3_server_shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHOICES = 3, CUT = 0xff };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void choose(struct shell *sh, const uint8_t *data)
{
    shell_init(sh);
    sh->tls = data[0] & 1;
    sh->stls = data[0] & 2;
    sh->cleartext = data[0] & 4;
    sh->no_line = data[0] & 8;
    sh->out_capacity = data[0] & 16 ? POP3_SERVER_OUT_MIN : 65536;
    sh->line_capacity = data[0] & 32 ? POP3_SERVER_LINE_MAX : POP3_SERVER_LINE_MIN;
    sh->refusal = data[0] & 64 ? (enum status)(data[1] % STATUS_COUNT) : STATUS_OK;
    sh->body_fault = data[0] & 128 ? (enum status)(data[1] % STATUS_COUNT) : STATUS_OK;
    sh->failures = data[1] / 32;
    sh->count = data[2];
    shell_start(sh);
}

/* The first read's worth of the octets. */
static struct slice next_read(struct slice *rest)
{
    size_t size = slice_find(*rest, (char)CUT);
    struct slice read = slice_take(*rest, size);
    *rest = slice_skip(*rest, size < rest->size ? size + 1 : size);
    return read;
}

/* Every line that was sent ends in CRLF, holds no other CR or LF and is not too long. */
static void check_lines(struct slice sent)
{
    while (sent.size > 0) {
        size_t end = slice_find(sent, '\n');
        require(end < sent.size && end > 0 && sent.data[end - 1] == '\r');
        require(slice_find(sent, '\r') == end - 1);
        sent = slice_skip(sent, end + 1);
    }
}

static void check(const struct shell *sh)
{
    const struct pop3_server *s = &sh->server;
    require(!sh->out.overflow);
    require(s->line_size <= s->line_capacity);
    require(s->marked_count <= sh->count);
    require(sh->closed == (s->phase == POP3_ENDED));
    if (!sh->sent.overflow)
        check_lines(buf_slice(&sh->sent));
}

/* The same octets in one read. STLS is the one command to which the cuts matter. */
static void run_whole(const uint8_t *data, struct slice cut, const struct shell *pieces)
{
    struct shell sh;
    char *all = malloc(cut.size + 1);
    struct buf joined = buf_over(all, cut.size + 1);
    while (cut.size > 0)
        buf_put(&joined, next_read(&cut));
    choose(&sh, data);
    shell_feed(&sh, buf_slice(&joined));
    check(&sh);
    bool full =
        sh.sent.overflow || sh.log.overflow || pieces->sent.overflow || pieces->log.overflow;
    if (!sh.stls && !full) {
        require(slice_equal(buf_slice(&sh.sent), buf_slice(&pieces->sent)));
        require(slice_equal(buf_slice(&sh.log), buf_slice(&pieces->log)));
    }
    shell_stop(&sh);
    free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shell sh;
    if (size < CHOICES)
        return 0;
    struct slice input = slice_of(data + CHOICES, size - CHOICES);
    struct slice rest = input;
    choose(&sh, data);
    do {
        shell_feed(&sh, next_read(&rest));
        check(&sh);
    } while (rest.size > 0);
    run_whole(data, input, &sh);
    shell_stop(&sh);
    return 0;
}
