#include "pop3/pop3_text.h"

#include <assert.h>

enum { ENGLISH, CHINESE, SET_COUNT };

#define ROW(english, chinese)                                                                      \
    {                                                                                              \
        {english, sizeof(english) - 1},                                                            \
        {                                                                                          \
            chinese, sizeof(chinese) - 1                                                           \
        }                                                                                          \
    }

/* clang-format off */
static const struct slice texts[POP3_TEXT_COUNT][SET_COUNT] = {
[POP3_TEXT_NONE] = ROW("", ""),
[POP3_TEXT_BYE] = ROW("goodbye", "再见"),
[POP3_TEXT_SEND_PASSWORD] = ROW("now PASS", "请用 PASS 发送密码"),
[POP3_TEXT_MESSAGES] = ROW("% messages (% octets)", "% 封邮件（% 字节）"),
[POP3_TEXT_OCTETS] = ROW("% octets", "% 字节"),
[POP3_TEXT_TOP] = ROW("top of message follows", "以下为邮件开头"),
[POP3_TEXT_DELETED] = ROW("message deleted", "邮件已标记删除"),
[POP3_TEXT_REMOVED] = ROW("% deleted messages removed, goodbye", "已删除 % 封邮件，再见"),
[POP3_TEXT_NOT_REMOVED] = ROW("some deleted messages not removed: % of %", "部分标记删除的邮件未能移除：% 封，共 % 封"),
[POP3_TEXT_CAPABILITIES] = ROW("capability list follows", "以下为功能列表"),
[POP3_TEXT_MECHANISMS] = ROW("mechanism list follows", "以下为认证机制列表"),
[POP3_TEXT_LANGUAGES] = ROW("language list follows", "以下为语言列表"),
[POP3_TEXT_LANGUAGE_CHANGED] = ROW("language changed", "语言已更改"),
[POP3_TEXT_UTF8] = ROW("UTF-8 mode", "已启用 UTF-8 模式"),
[POP3_TEXT_STLS] = ROW("begin TLS negotiation", "请开始 TLS 协商"),
[POP3_TEXT_UNKNOWN_COMMAND] = ROW("unknown command", "未知命令"),
[POP3_TEXT_ARGUMENTS] = ROW("wrong number of arguments", "参数个数不对"),
[POP3_TEXT_BAD_OCTETS] = ROW("control octet in command", "命令中含有控制字符"),
[POP3_TEXT_LINE_TOO_LONG] = ROW("line too long", "命令行过长"),
[POP3_TEXT_BEFORE_LOGIN] = ROW("log in first", "请先登录"),
[POP3_TEXT_AFTER_LOGIN] = ROW("only before login", "仅可在登录前使用"),
[POP3_TEXT_TOO_MANY_BAD] = ROW("too many bad commands, goodbye", "错误命令过多，再见"),
[POP3_TEXT_BAD_NUMBER] = ROW("not a number", "不是有效的数字"),
[POP3_TEXT_NO_MESSAGE] = ROW("no such message", "没有这封邮件"),
[POP3_TEXT_IS_DELETED] = ROW("message is deleted", "邮件已标记删除，不可用"),
[POP3_TEXT_VANISHED] = ROW("message is gone, another program removed it", "邮件已被其他程序移除"),
[POP3_TEXT_USER_FIRST] = ROW("PASS comes straight after USER", "PASS 须紧跟在 USER 之后"),
[POP3_TEXT_NEEDS_TLS] = ROW("login needs TLS", "须经 TLS 加密方可登录"),
[POP3_TEXT_NO_MECHANISM] = ROW("mechanism not offered", "不支持该认证机制"),
[POP3_TEXT_CANCELLED] = ROW("authentication cancelled", "认证已取消"),
[POP3_TEXT_BAD_BASE64] = ROW("not base64", "不是有效的 base64"),
[POP3_TEXT_TLS_ALREADY] = ROW("TLS is active already", "TLS 已启用"),
[POP3_TEXT_NO_STLS] = ROW("STLS is not offered", "不提供 STLS"),
[POP3_TEXT_STLS_AFTER_UTF8] = ROW("STLS comes before UTF8", "STLS 须在 UTF8 之前"),
[POP3_TEXT_STLS_INJECTION] = ROW("octets behind STLS, goodbye", "STLS 之后有多余数据，再见"),
[POP3_TEXT_NO_LANGUAGE] = ROW("language not offered", "不支持该语言"),
[POP3_TEXT_SHUTDOWN] = ROW("server is shutting down", "服务器正在关闭"),
[POP3_TEXT_DENIED] = ROW("wrong user name or password", "用户名或密码错误"),
[POP3_TEXT_MALFORMED] = ROW("malformed credentials", "认证数据格式错误"),
[POP3_TEXT_IN_USE] = ROW("maildrop is in use by another session", "邮箱正被另一会话使用"),
[POP3_TEXT_NO_MAILDROP] = ROW("there is no maildrop", "邮箱不存在"),
[POP3_TEXT_LIMIT] = ROW("too many sessions, try again later", "会话过多，请稍后再试"),
[POP3_TEXT_TEMPORARY] = ROW("temporarily unavailable, try again later", "暂时不可用，请稍后再试"),
[POP3_TEXT_PERMANENT] = ROW("misconfigured, tell the administrator", "配置有误，请联系管理员"),
};

static const struct language {
    const char *tag;
    const char *name;
    unsigned set;
} languages[POP3_LANGUAGE_COUNT] = {
    {"i-default", "Default", ENGLISH},
    {"en", "English", ENGLISH},
    {"zh-CN", "简体中文（中国）", CHINESE},
    {"zh-Hans", "简体中文", CHINESE},
};
/* clang-format on */

const char *pop3_language_tag(unsigned language)
{
    assert(language < POP3_LANGUAGE_COUNT);
    return languages[language].tag;
}

const char *pop3_language_name(unsigned language)
{
    assert(language < POP3_LANGUAGE_COUNT);
    return languages[language].name;
}

static bool range_matches(struct slice range, struct slice tag)
{
    if (range.size == 0 || range.size > tag.size)
        return false;
    if (!slice_equal_nocase(range, slice_take(tag, range.size)))
        return false;
    return range.size == tag.size || tag.data[range.size] == '-';
}

/* The range without its last subtag, and without a single letter left at its end [RFC 4647 3.4]. */
static struct slice shortened(struct slice range)
{
    while (range.size > 0 && range.data[range.size - 1] != '-')
        range.size--;
    if (range.size > 0)
        range.size--;
    if (range.size > 1 && range.data[range.size - 2] == '-')
        range.size -= 2;
    return range;
}

int pop3_language_find(struct slice range)
{
    if (slice_equal(range, SLICE("*")))
        return POP3_LANGUAGE_DEFAULT;
    for (; range.size > 0; range = shortened(range)) {
        for (int i = 0; i < POP3_LANGUAGE_COUNT; i++) {
            if (range_matches(range, slice_str(languages[i].tag)))
                return i;
        }
    }
    return -1;
}

bool pop3_text_put(struct buf *out, enum pop3_text text, unsigned language,
                   const uint64_t numbers[2])
{
    assert(language < POP3_LANGUAGE_COUNT);
    struct slice rest = texts[text][languages[language].set];
    for (;;) {
        size_t size = slice_find(rest, '%');
        bool done = size == rest.size;
        if (!buf_put(out, slice_take(rest, size)))
            return false;
        if (done)
            return true;
        if (!buf_put_u64(out, *numbers++))
            return false;
        rest = slice_skip(rest, size + 1);
    }
}

enum pop3_text pop3_text_of_login(enum status why)
{
    switch (why) {
    case STATUS_DENIED:
        return POP3_TEXT_DENIED;
    case STATUS_MALFORMED:
    case STATUS_TOO_LARGE:
        return POP3_TEXT_MALFORMED;
    case STATUS_IN_USE:
        return POP3_TEXT_IN_USE;
    case STATUS_LIMIT:
        return POP3_TEXT_LIMIT;
    case STATUS_PERMANENT:
        return POP3_TEXT_PERMANENT;
    case STATUS_UNSUPPORTED:
        return POP3_TEXT_NO_MECHANISM;
    case STATUS_NOT_FOUND:
        return POP3_TEXT_NO_MAILDROP;
    default:
        return POP3_TEXT_TEMPORARY;
    }
}
