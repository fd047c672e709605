#include "mime/mime_html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(16) char memory[1 << 20];
static char text[1 << 16];

static size_t read_in_pieces(struct slice html, size_t piece, size_t room, char *out)
{
    static struct mime_html h;
    struct arena arena = arena_over(memory, sizeof memory);
    mime_html_init(&h, &arena);
    size_t n = 0;
    while (html.size > 0) {
        struct slice part = slice_take(html, piece < html.size ? piece : html.size);
        html = slice_skip(html, part.size);
        while (part.size > 0)
            n += mime_html_feed(&h, &part, out + n, room);
    }
    for (size_t more; (more = mime_html_end(&h, out + n, room)) > 0; n += more)
        ;
    return n;
}

static void is(const char *html, const char *wanted)
{
    static char pieces[sizeof text];
    size_t n = read_in_pieces(slice_str(html), SIZE_MAX, 4096, text);
    text[n] = '\0';
    assert_string_equal(text, wanted);
    assert_int_equal(read_in_pieces(slice_str(html), 1, 3, pieces), n);
    assert_memory_equal(pieces, text, n);
}

static void words_and_paragraphs_are_set_apart(void **state)
{
    is("<p>one\n  two</p><p>three<br>four", "one two\n\nthree\nfour\n");
    is("  <div>a</div><div><div>b</div></div>c <b>d</b>e", "a\nb\nc de\n");
    is("<h1>Title</h1>text<h3>Third</h3>", "# Title\n\ntext\n\n### Third\n");
    is("a<hr>b", "a\n----------------------------------------\nb\n");
    is("", "");
    is("<p> </p><br>", "");
}

static void lists_have_markers_and_depth(void **state)
{
    is("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>e", "  * a\n  * b\n      * c\n  * d\n\ne\n");
    is("x<ol><li>a</li><li>b</li></ol>", "x\n\n 1. a\n 2. b\n");
}

static void quotations_are_quoted(void **state)
{
    is("a<blockquote>b<p>c</p><blockquote>d</blockquote></blockquote>e",
       "a\n\n> b\n>\n> c\n>\n> > d\n\ne\n");
}

static void preformatted_text_stays(void **state)
{
    is("<pre>\n a  b\n\n  c\n</pre>d", " a  b\n\n  c\n\nd\n");
}

static void rows_are_lines(void **state)
{
    is("<table><tr><th>a<th>b</tr><tr><td>1</td><td>2</td></tr></table>x", "a | b\n1 | 2\nx\n");
    is("<table><tr><td></td><td><p>one</p></td><td><p>two</p></td></tr></table>", "one | two\n");
    is("<table><tr><td>a<br>b</td><td>c</td></tr></table>", "a\nb\nc\n");
    is("<table><tr><td><table><tr><td>a</td></tr></table></td><td>b</td></tr></table>", "a | b\n");
}

static void links_are_numbered_at_the_end(void **state)
{
    is("<a href='https://a.example/?x=1&amp;y=2'>here </a>and <a href=https://b.example>there</a>",
       "here[1] and there[2]\n\n[1] https://a.example/?x=1&y=2\n[2] https://b.example\n");
    is("<a href='https://a.example/'>a.example</a> <a href='mailto:x@b.example'>x@b.example</a>",
       "a.example x@b.example\n");
    is("<a href='#top'>up</a> <a href='javascript:x()'>run</a> <a name=x>n</a>", "up run n\n");
    is("<a href=u>1</a><a href=u>2</a>", "1[1]2[1]\n\n[1] u\n");
    is("<a href=\"u\n v\">x</a>", "x[1]\n\n[1] uv\n");
}

static void links_past_the_limit_are_text(void **state)
{
    static char html[64 * 1024];
    struct buf b = buf_over(html, sizeof html);
    for (unsigned i = 0; i < MIME_HTML_LINKS + 5; i++)
        buf_printf(&b, "<a href=u%u>x</a>\n", i);
    text[read_in_pieces(buf_slice(&b), SIZE_MAX, 4096, text)] = '\0';
    assert_non_null(strstr(text, "x[1000] x x x x x\n\n[1] u0\n"));
    assert_null(strstr(text, "u1000"));
}

static void images_are_their_words(void **state)
{
    is("<img src=x alt='A &lt; B'><img alt=''><img src=y><img alt=t width=1 height=1>",
       "[A < B]\n");
    is("<a href=u><img alt=Go></a>", "[Go][1]\n\n[1] u\n");
    is("<td style='font-size:0px'><img alt=Go>x</td>", "[Go]\n");
}

static void hidden_text_is_left_out(void **state)
{
    is("<title>t</title><style>p{}</style><script>if (a</b) '</p>'</script>seen", "seen\n");
    is("<div style='display: none;'>a<div>b</div>c</div>d", "d\n");
    is("<div style=\"color:red; DISPLAY:NONE !important\">a</div>d", "d\n");
    is("<span hidden>a</span>b<p hidden>c<p>d", "b\n\nd\n");
    is("<div><span style='mso-hide:all'>a</div>b", "b\n");
    is("<div style='max-height:0;overflow:hidden'>a</div>b", "b\n");
    is("<table><tr><td hidden>a<td>b</table>", "b\n");
    is("<b style='opacity:0'>a</b>b<template>c</template>", "b\n");
}

static void a_font_of_no_size_hides_until_another_is_set(void **state)
{
    is("<div style='font-size:0'>a<span style='font-size:13px'>b</span>c</div>d", "b\nd\n");
    is("<div style='font-size:0.5em'>a</div>", "a\n");
    is("<div style='font-size:0px'><span style='font-size:12px'>a</div>b", "a\nb\n");
}

static void text_behind_what_was_never_closed_is_shown(void **state)
{
    static char html[8192];
    struct buf b = buf_over(html, sizeof html);
    for (size_t i = 0; i < 100; i++)
        buf_put_str(&b, "<div><blockquote><span style=font-size:1px>");
    buf_put_str(&b, "<i hidden>no</i>yes");
    for (size_t i = 0; i < 100; i++)
        buf_put_str(&b, "</blockquote></div>");
    buf_put_str(&b, "end");
    text[read_in_pieces(buf_slice(&b), SIZE_MAX, 4096, text)] = '\0';
    assert_string_equal(text, "> > > > > > > > > > yes\n\nend\n");
}

static void references_are_characters(void **state)
{
    is("&lt;&amp;&gt; &euro;&#8364;&#x20AC;&#128; &notin; &copy2 &nosuch; &;&#;",
       "<&> \u20ac\u20ac\u20ac\u20ac \u2209 \u00a92 &nosuch; &;&#;\n");
    is("a&nbsp;&nbsp;b &#0;&#xD800;&#99999999999; &ampx", "a  b \ufffd\ufffd\ufffd &x\n");
    is("&#27;[2J", "\ufffd[2J\n");
    is("<a href='?a=1&copy=2&lt;'>x</a>", "x[1]\n\n[1] ?a=1&copy=2<\n");
    is("&CounterClockwiseContourIntegral;&amp", "\u2233&\n");
}

static void fillers_of_previews_are_left_out(void **state)
{
    is("Hi&zwnj;&nbsp;&zwnj;&nbsp;&#847;&shy;<p>x", "Hi\u200c\n\nx\n");
    is("m\u200c\u06cc", "m\u200c\u06cc\n");
}

static void comments_and_markup_of_others_are_left_out(void **state)
{
    is("a<!-- <b> -- > -->b<!-->c<!--->d<![if !mso]>e<![endif]>f<?xml x?>g<!DOCTYPE html>",
       "abcdefg\n");
    is("<!--[if mso]><p>no</p><![endif]-->yes", "yes\n");
    is("1 < 2 <3 </ x>4<", "1 < 2 <3 4<\n");
    is("<o:p>x</o:p><b c='>' d=\"'\" e = f/>y", "xy\n");
    is("<a href = 'u' >x</a >", "x[1]\n\n[1] u\n");
}

static void broken_octets_become_one_replacement(void **state)
{
    is("a\xc3(\xe2\x82z\xff\x80", "a\ufffd(\ufffdz\ufffd\ufffd\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_paragraphs_are_set_apart),
        cmocka_unit_test(lists_have_markers_and_depth),
        cmocka_unit_test(quotations_are_quoted),
        cmocka_unit_test(preformatted_text_stays),
        cmocka_unit_test(rows_are_lines),
        cmocka_unit_test(links_are_numbered_at_the_end),
        cmocka_unit_test(links_past_the_limit_are_text),
        cmocka_unit_test(images_are_their_words),
        cmocka_unit_test(hidden_text_is_left_out),
        cmocka_unit_test(a_font_of_no_size_hides_until_another_is_set),
        cmocka_unit_test(text_behind_what_was_never_closed_is_shown),
        cmocka_unit_test(references_are_characters),
        cmocka_unit_test(fillers_of_previews_are_left_out),
        cmocka_unit_test(comments_and_markup_of_others_are_left_out),
        cmocka_unit_test(broken_octets_become_one_replacement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
