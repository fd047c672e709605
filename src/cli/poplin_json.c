#include "cli/poplin_json.h"

#include "base/escape.h"

#include <stdio.h>
#include <time.h>

void json_begin(struct json_line *j)
{
    j->has_fields = false;
    putchar('{');
}

void json_end(struct json_line *j)
{
    (void)j;
    puts("}");
}

static void name_field(struct json_line *j, const char *name)
{
    printf("%s\"%s\":", j->has_fields ? "," : "", name);
    j->has_fields = true;
}

void json_text(struct json_line *j, const char *name, struct slice value)
{
    char memory[JSON_TEXT * 6 + 16];
    struct buf b = buf_over(memory, sizeof memory);
    escape_json(&b, value, JSON_TEXT);
    name_field(j, name);
    fwrite(b.data, 1, b.size, stdout);
}

void json_number(struct json_line *j, const char *name, uint64_t value)
{
    name_field(j, name);
    printf("%llu", (unsigned long long)value);
}

void json_bool(struct json_line *j, const char *name, bool value)
{
    name_field(j, name);
    fputs(value ? "true" : "false", stdout);
}

void json_time_text(int64_t seconds, char out[JSON_TIME])
{
    struct tm tm;
    time_t t = seconds;
    out[0] = '\0';
    if (gmtime_r(&t, &tm) && tm.tm_year < 8100)
        strftime(out, JSON_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void json_time(struct json_line *j, const char *name, int64_t seconds)
{
    char text[JSON_TIME];
    json_time_text(seconds, text);
    name_field(j, name);
    if (seconds == 0 || text[0] == '\0')
        fputs("null", stdout);
    else
        printf("\"%s\"", text);
}
