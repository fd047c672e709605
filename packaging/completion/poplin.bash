# bash completion for poplin(1).
# Every option of every `poplin COMMAND --help` stands here; a test holds them together.

_poplin_accounts() {
    # shellcheck disable=SC2207 # names of accounts have neither blanks nor patterns in them
    COMPREPLY=($(compgen -W "$(poplin "$@" account list 2>/dev/null | cut -d" " -f1)" -- "$cur"))
}

_poplin() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local command= first= second= words= config=() i
    COMPREPLY=()

    # The command is the first word that is no option; what follows it are its own words.
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --config)
            if [[ -z $command ]]; then
                config=(--config "${COMP_WORDS[i + 1]}")
                ((i++))
            fi
            ;;
        -*) ;;
        *)
            if [[ -z $command ]]; then
                command=${COMP_WORDS[i]}
            elif [[ -z $first ]]; then
                first=${COMP_WORDS[i]}
            elif [[ -z $second ]]; then
                second=${COMP_WORDS[i]}
            fi
            ;;
        esac
    done

    case $prev in
    -a | --account)
        _poplin_accounts "${config[@]}"
        return
        ;;
    -c | --config | --password-file | --token-file | --ca)
        [[ $prev == -c && -n $command ]] || mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --maildir | -o | --output)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    --to) words='maildir: mbox: json:' ;;
    --tls) words='none stls implicit' ;;
    --auth) words='SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER USER APOP' ;;
    -e | --every | -x | --exec | -l | --limit | -s | --max-size | --since | -u | --user | --from | --name | --server | \
        --passwordeval | --tokeneval | --tls-fingerprint | --authzid | --timeout | --part)
        return
        ;;
    esac
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
        return
    fi

    case $command in
    "")
        words='-c --config -h --help -V --version'
        [[ $cur == -* ]] || words='fetch check list read search mark save delete export tui watch decode doctor state pop init account config'
        ;;
    fetch)
        words='-a --account --all -n --dry-run -l --limit -s --max-size --since -q --quiet -v --verbose
            --json -h --help'
        [[ $cur == -* ]] || words=
        ;;
    check)
        words='-a --account --all -q --quiet -v --verbose --json -h --help'
        [[ $cur == -* ]] || words=
        ;;
    list)
        words='-a --account --unread --all -n --limit --json -h --help'
        [[ $cur == -* ]] || words=
        ;;
    read)
        words='--headers --raw --html --part -k --keep-unread --json -h --help'
        [[ $cur == -* ]] || words=
        ;;
    search)
        words='-a --account -n --limit --json -h --help'
        [[ $cur == -* ]] || words='from: to: subject: text: file: is:unread is:read is:flagged
            is:unflagged has:attachment after: before: larger: smaller: account:'
        ;;
    mark)
        words='--json -h --help'
        [[ $cur == -* ]] || words=
        [[ $cur == -* || -n $first ]] || words='read unread flag unflag'
        ;;
    save)
        words='-o --output --json -h --help'
        [[ $cur == -* ]] || words=
        ;;
    delete)
        words='--server --json -h --help'
        [[ $cur == -* ]] || words=
        ;;
    export)
        words='--to -a --account --all --json -h --help'
        [[ $cur == -* ]] || words=
        ;;
    tui)
        words='-a --account -h --help'
        [[ $cur == -* ]] || words=
        ;;
    watch)
        words='-e --every -x --exec -a --account -q --quiet -v --verbose --json -h --help'
        [[ $cur == -* ]] || words=
        ;;
    decode)
        words='--json -h --help'
        if [[ $cur != -* ]]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return
        fi
        ;;
    doctor)
        words='-u --user --password-file --ca -v --verbose --json -h --help'
        if [[ $cur != -* ]]; then
            _poplin_accounts "${config[@]}"
            return
        fi
        ;;
    state)
        words='-a --account --from -n --dry-run --json -h --help'
        [[ $cur == -* ]] || words=
        [[ $cur == -* || -n $first ]] || words='show import'
        if [[ $cur != -* && $first == import && -z $second ]]; then
            words='fetchmail getmail mpop thunderbird'
        elif [[ $cur != -* && $first == import ]]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return
        fi
        ;;
    pop)
        words='-u --user --password-file --auth --token-file --authzid --tls --ca --timeout
            --json -v --verbose -h --help'
        [[ $cur == -* ]] || words=
        [[ $cur == -* || -z $first || -n $second ]] || words='stat list uidl retr top dele noop capa lang'
        ;;
    init)
        words='--name --server --user --passwordeval --password-file --tokeneval
            --tls-fingerprint --maildir --no-test -h --help'
        [[ $cur == -* ]] || words=
        ;;
    account)
        words='--json -h --help'
        [[ $cur == -* ]] || words=
        [[ $cur == -* || -n $first ]] || words='list test info remove'
        if [[ $cur != -* && -n $first && $first != list ]]; then
            _poplin_accounts "${config[@]}"
            return
        fi
        ;;
    config)
        words='--json -h --help'
        [[ $cur == -* ]] || words=
        [[ $cur == -* || -n $first ]] || words='check print path'
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _poplin poplin
