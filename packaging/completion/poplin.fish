# fish completion for poplin(1).
# Every option of every `poplin COMMAND --help` stands here; a test holds them together.

function __poplin_accounts
    poplin account list 2>/dev/null | string split --fields 1 ' '
end

function __poplin_using
    set -l words (commandline -opc)
    set -e words[1]
    while string match -q -- '-*' "$words[1]"
        contains -- $words[1] -c --config; and set -e words[1]
        set -e words[1]
    end
    test "$words[1]" = "$argv[1]"; and begin
        test (count $argv) -lt 2; or contains -- $argv[2] $words
    end
end

complete -c poplin -f
complete -c poplin -n '__poplin_using ""' -s c -l config -r -F -d 'the accounts'
complete -c poplin -n '__poplin_using ""' -s V -l version -d 'the version'
complete -c poplin -n '__poplin_using ""' -s h -l help -d help
complete -c poplin -n '__poplin_using ""' -a fetch -d 'fetch new mail of one account or of all'
complete -c poplin -n '__poplin_using ""' -a check -d 'say whether there is new mail, and fetch nothing'
complete -c poplin -n '__poplin_using ""' -a list -d 'what is not read yet'
complete -c poplin -n '__poplin_using ""' -a read -d 'show messages'
complete -c poplin -n '__poplin_using ""' -a search -d 'find messages by words, sender, date'
complete -c poplin -n '__poplin_using ""' -a mark -d 'mark messages as read, unread, flagged'
complete -c poplin -n '__poplin_using ""' -a save -d 'write what is attached into files'
complete -c poplin -n '__poplin_using ""' -a delete -d 'remove messages, here or on the server, too'
complete -c poplin -n '__poplin_using ""' -a export -d 'write messages into a Maildir, an mbox or JSON'
complete -c poplin -n '__poplin_using ""' -a tui -d 'read mail on the whole screen'
complete -c poplin -n '__poplin_using ""' -a watch -d 'fetch again and again'
complete -c poplin -n '__poplin_using ""' -a decode -d 'show a message that lies in a file'
complete -c poplin -n '__poplin_using ""' -a doctor -d 'look for what is wrong with an account or a server'
complete -c poplin -n '__poplin_using ""' -a state -d 'what is known of the messages; take over what another program knew'
complete -c poplin -n '__poplin_using ""' -a pop -d 'one POP3 command to any server'
complete -c poplin -n '__poplin_using ""' -a init -d 'set up an account'
complete -c poplin -n '__poplin_using ""' -a account -d 'list, test, describe or remove accounts'
complete -c poplin -n '__poplin_using ""' -a config -d 'check or print the configuration'

complete -c poplin -n '__poplin_using fetch' -s a -l account -x -a '(__poplin_accounts)' -d 'this account only'
complete -c poplin -n '__poplin_using fetch' -l all -d 'every account'
complete -c poplin -n '__poplin_using fetch' -s n -l dry-run -d 'print the plan only'
complete -c poplin -n '__poplin_using fetch' -s l -l limit -x -d 'at most so many messages an account'
complete -c poplin -n '__poplin_using fetch' -s s -l max-size -x -d 'leave larger ones there'
complete -c poplin -n '__poplin_using fetch' -l since -x -d 'leave older ones there'
complete -c poplin -n '__poplin_using fetch' -s q -l quiet -d 'only errors'
complete -c poplin -n '__poplin_using fetch' -s v -l verbose -d 'the dialogue, secrets masked'
complete -c poplin -n '__poplin_using fetch' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using fetch' -s h -l help -d 'help'

complete -c poplin -n '__poplin_using check' -s a -l account -x -a '(__poplin_accounts)' -d 'this account only'
complete -c poplin -n '__poplin_using check' -l all -d 'every account'
complete -c poplin -n '__poplin_using check' -s q -l quiet -d 'only errors'
complete -c poplin -n '__poplin_using check' -s v -l verbose -d 'the dialogue, secrets masked'
complete -c poplin -n '__poplin_using check' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using check' -s h -l help -d 'help'

complete -c poplin -n '__poplin_using list' -s a -l account -x -a '(__poplin_accounts)' -d 'this account only'
complete -c poplin -n '__poplin_using list' -l all -d 'those that were read, too'
complete -c poplin -n '__poplin_using list' -s n -l limit -x -d 'the newest ones'
complete -c poplin -n '__poplin_using list' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using list' -s h -l help -d 'help'
complete -c poplin -n '__poplin_using list' -l unread -d 'what is not read yet'

complete -c poplin -n '__poplin_using read' -l headers -d 'the whole header'
complete -c poplin -n '__poplin_using read' -l raw -d 'as it came'
complete -c poplin -n '__poplin_using read' -l html -d 'the source of its HTML'
complete -c poplin -n '__poplin_using read' -l part -x -d 'this part'
complete -c poplin -n '__poplin_using read' -s k -l keep-unread -d 'do not mark as read'
complete -c poplin -n '__poplin_using read' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using read' -s h -l help -d help

complete -c poplin -n '__poplin_using search' -s a -l account -x -a '(__poplin_accounts)' -d 'this account only'
complete -c poplin -n '__poplin_using search' -s n -l limit -x -d 'the newest ones'
complete -c poplin -n '__poplin_using search' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using search' -s h -l help -d help
complete -c poplin -n '__poplin_using search' -a 'from: to: subject: text: file: is:unread is:read is:flagged is:unflagged has:attachment after: before: larger: smaller: account:'

complete -c poplin -n '__poplin_using mark' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using mark' -s h -l help -d help
complete -c poplin -n '__poplin_using mark' -a 'read unread flag unflag'

complete -c poplin -n '__poplin_using save' -s o -l output -r -a '(__fish_complete_directories)' -d 'where to'
complete -c poplin -n '__poplin_using save' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using save' -s h -l help -d help

complete -c poplin -n '__poplin_using delete' -l server -d 'on the server, too'
complete -c poplin -n '__poplin_using delete' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using delete' -s h -l help -d help

complete -c poplin -n '__poplin_using export' -l to -x -a 'maildir: mbox: json:' -d 'the target'
complete -c poplin -n '__poplin_using export' -s a -l account -x -a '(__poplin_accounts)' -d 'this account only'
complete -c poplin -n '__poplin_using export' -l all -d 'every message'
complete -c poplin -n '__poplin_using export' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using export' -s h -l help -d help

complete -c poplin -n '__poplin_using tui' -s a -l account -x -a '(__poplin_accounts)' -d 'begin with this account'
complete -c poplin -n '__poplin_using tui' -s h -l help -d help

complete -c poplin -n '__poplin_using watch' -s e -l every -x -d 'the pause between two looks'
complete -c poplin -n '__poplin_using watch' -s x -l exec -x -d 'run when something new came'
complete -c poplin -n '__poplin_using watch' -s a -l account -x -a '(__poplin_accounts)' -d 'this account only'
complete -c poplin -n '__poplin_using watch' -s q -l quiet -d 'only errors'
complete -c poplin -n '__poplin_using watch' -s v -l verbose -d 'the dialogue, secrets masked'
complete -c poplin -n '__poplin_using watch' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using watch' -s h -l help -d 'help'

complete -c poplin -n '__poplin_using decode' -l json -d 'one object a message'
complete -c poplin -n '__poplin_using decode' -s h -l help -d 'help'
complete -c poplin -n '__poplin_using decode' -F

complete -c poplin -n '__poplin_using doctor' -s u -l user -x -d 'of the URL'
complete -c poplin -n '__poplin_using doctor' -l password-file -r -F -d 'its first line'
complete -c poplin -n '__poplin_using doctor' -l ca -r -F -d 'believe these authorities'
complete -c poplin -n '__poplin_using doctor' -s v -l verbose -d 'the dialogue, secrets masked'
complete -c poplin -n '__poplin_using doctor' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using doctor' -s h -l help -d 'help'
complete -c poplin -n '__poplin_using doctor' -a '(__poplin_accounts)'

complete -c poplin -n '__poplin_using state' -s a -l account -x -a '(__poplin_accounts)' -d 'this account only'
complete -c poplin -n '__poplin_using state' -l from -x -d 'what the file calls the account'
complete -c poplin -n '__poplin_using state' -s n -l dry-run -d 'count, change nothing'
complete -c poplin -n '__poplin_using state' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using state' -s h -l help -d 'help'
complete -c poplin -n '__poplin_using state' -a 'show import'
complete -c poplin -n '__poplin_using state import' -a 'fetchmail getmail mpop thunderbird'
complete -c poplin -n '__poplin_using state import' -F

complete -c poplin -n '__poplin_using pop' -s u -l user -x -d 'to log in with'
complete -c poplin -n '__poplin_using pop' -l password-file -r -F -d 'its first line'
complete -c poplin -n '__poplin_using pop' -l auth -x -a 'SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER USER APOP' -d 'the one way to log in'
complete -c poplin -n '__poplin_using pop' -l token-file -r -F -d 'an OAuth access token'
complete -c poplin -n '__poplin_using pop' -l authzid -x -d 'act for another user'
complete -c poplin -n '__poplin_using pop' -l tls -x -a 'none stls implicit' -d 'how the connection is protected'
complete -c poplin -n '__poplin_using pop' -l ca -r -F -d 'believe these authorities'
complete -c poplin -n '__poplin_using pop' -l timeout -x -d 'of each step'
complete -c poplin -n '__poplin_using pop' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using pop' -s v -l verbose -d 'the dialogue, secrets masked'
complete -c poplin -n '__poplin_using pop' -s h -l help -d 'help'
complete -c poplin -n '__poplin_using pop' -a 'stat list uidl retr top dele noop capa lang'

complete -c poplin -n '__poplin_using init' -l name -x -d 'of the account'
complete -c poplin -n '__poplin_using init' -l server -x -d 'instead of looking for it'
complete -c poplin -n '__poplin_using init' -l user -x -d 'to log in with'
complete -c poplin -n '__poplin_using init' -l passwordeval -x -d 'prints the password'
complete -c poplin -n '__poplin_using init' -l password-file -r -F -d 'has it in its first line'
complete -c poplin -n '__poplin_using init' -l tokeneval -x -d 'prints an OAuth access token'
complete -c poplin -n '__poplin_using init' -l tls-fingerprint -x -d 'sha256:HEX of a certificate to believe'
complete -c poplin -n '__poplin_using init' -l maildir -r -a '(__fish_complete_directories)' -d 'where the mail goes'
complete -c poplin -n '__poplin_using init' -l no-test -d 'write it down without a login'
complete -c poplin -n '__poplin_using init' -s h -l help -d 'help'

complete -c poplin -n '__poplin_using account' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using account' -s h -l help -d 'help'
complete -c poplin -n '__poplin_using account' -a 'list test info remove'
complete -c poplin -n '__poplin_using account test' -a '(__poplin_accounts)'
complete -c poplin -n '__poplin_using account info' -a '(__poplin_accounts)'
complete -c poplin -n '__poplin_using account remove' -a '(__poplin_accounts)'

complete -c poplin -n '__poplin_using config' -l json -d 'one object a line'
complete -c poplin -n '__poplin_using config' -s h -l help -d 'help'
complete -c poplin -n '__poplin_using config' -a 'check print path'
