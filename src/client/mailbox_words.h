/* mailbox_words: text cut into what can be searched for. Chinese, Japanese, Korean, Thai and their
 * like do not put blanks between words, so their characters are taken one by one and two by two;
 * everything else is words. Pure. */
#ifndef POPLIN_CLIENT_MAILBOX_WORDS_H
#define POPLIN_CLIENT_MAILBOX_WORDS_H

#include "base/buf.h"

struct words_run {
    struct slice text;
    bool is_dense; /* of a script without blanks between words */
};

/* Takes a run of one kind from the front of *text. False: *text is empty. */
bool words_next_run(struct slice *text, struct words_run *out);

/* True: it has full-width letters or half-width kana, which words_fold_width makes ordinary ones
 * (voice marks joined). The result is never longer. */
bool words_needs_fold(struct slice text);
void words_fold_width(struct slice text, struct buf *out);

/* Calls put for each token of a dense run, in order. For text that is kept: every pair, with the
 * single character at the same place (`same_place`); the last character stands alone. For a
 * question: pairs only, or the one character; the last one too when `goes_on` (other text stands
 * right behind, so the run must end there). A result other than 0 ends it and is returned. */
int words_of_dense(struct slice run, bool is_question, bool goes_on,
                   int (*put)(void *context, struct slice token, bool same_place), void *context);

#endif
