_whyconn() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="whyconn"
                ;;
            whyconn,explain)
                cmd="whyconn__subcmd__explain"
                ;;
            whyconn,schema)
                cmd="whyconn__subcmd__schema"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        whyconn)
            opts="-f -j -4 -6 -t -s -p -i -u -q -v -h -V --targets-from --jobs --timeout --source --source-port --interface --udp --dns --grace --trace --expect --wait --redact --json --format --quiet --verbose --color --help --version explain schema"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --targets-from)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                -f)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --jobs)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                -j)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --timeout)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                -t)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --source)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                -s)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --source-port)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                -p)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --interface)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                -i)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --dns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --grace)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --trace)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                --expect)
                    COMPREPLY=($(compgen -W "connected resolve refused timeout unreachable alias local service connected.ok connected.partial resolve.nxdomain resolve.no-address resolve.servfail resolve.refused resolve.timeout resolve.server-unreachable resolve.no-server resolve.bad-name alias.localhost-family alias.localhost-mapping alias.bound-elsewhere alias.hosts-override refused.rst refused.rst-forged refused.icmp-port refused.self-connect refused.stale-socket timeout.silent timeout.port-silent timeout.accept-queue timeout.answer-invalid timeout.too-short unreachable.no-route unreachable.local-route unreachable.neighbor unreachable.gateway unreachable.icmp-net unreachable.icmp-host unreachable.icmp-admin unreachable.icmp-protocol unreachable.icmp-other unreachable.loop unreachable.no-socket local.firewall-reject local.firewall-drop local.reply-dropped local.source-in-use local.source-address local.source-privileged local.tuple-in-use local.ports-exhausted local.family-disabled local.scope-missing local.interface local.denied local.socket-type local.limits service.closed service.reset service.not-accepting" -- "${cur}"))
                    return 0
                    ;;
                --wait)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "human json markdown" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        whyconn__subcmd__explain)
            opts="-h --format --help connected resolve refused timeout unreachable alias local service connected.ok connected.partial resolve.nxdomain resolve.no-address resolve.servfail resolve.refused resolve.timeout resolve.server-unreachable resolve.no-server resolve.bad-name alias.localhost-family alias.localhost-mapping alias.bound-elsewhere alias.hosts-override refused.rst refused.rst-forged refused.icmp-port refused.self-connect refused.stale-socket timeout.silent timeout.port-silent timeout.accept-queue timeout.answer-invalid timeout.too-short unreachable.no-route unreachable.local-route unreachable.neighbor unreachable.gateway unreachable.icmp-net unreachable.icmp-host unreachable.icmp-admin unreachable.icmp-protocol unreachable.icmp-other unreachable.loop unreachable.no-socket local.firewall-reject local.firewall-drop local.reply-dropped local.source-in-use local.source-address local.source-privileged local.tuple-in-use local.ports-exhausted local.family-disabled local.scope-missing local.interface local.denied local.socket-type local.limits service.closed service.reset service.not-accepting"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --format)
                    COMPREPLY=($(compgen -W "text markdown" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        whyconn__subcmd__schema)
            opts="-h --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

# The function above completes the words that are known beforehand. Those below complete what only this machine
# knows (hosts, services, devices, sockets), and join the words that bash parts at ':' and '='.

# Lines that are plain names, and begin with $1, become candidates: $2 before each, $3 behind it. Anything else
# in a file of names has no place on a command line.
_whyconn_names() {
    local name
    while IFS= read -r name; do
        [[ $name == "$1"* && $name =~ ^[[:alnum:]_][[:alnum:]._@+-]*$ ]] && COMPREPLY+=("$2$name$3")
    done
}

# The services of transport $1.
_whyconn_services() {
    local name number rest
    { getent services || cat /etc/services; } 2>/dev/null | while read -r name number rest; do
        [[ $number == */"$1" ]] && printf '%s\n' "$name"
    done
}

# bash-completion also knows the hosts of ssh.
_whyconn_hosts() {
    if declare -F _known_hosts_real >/dev/null; then
        local COMPREPLY=()
        _known_hosts_real -- "$1"
        printf '%s\n' "${COMPREPLY[@]}"
    else
        compgen -A hostname -- "$1"
    fi
}

# Directories and sockets that begin with $2; $1 stands before them.
_whyconn_sockets() {
    local path
    compopt -o filenames 2>/dev/null
    while IFS= read -r path; do
        [[ -d $path || -S ${path/#\~\//"$HOME/"} ]] && COMPREPLY+=("$1$path")
    done < <(compgen -f -- "$2")
}

# A target that begins with $1; $2 is the transport of its service.
_whyconn_target() {
    case $1 in
        unix:@* | *://*) ;;
        unix:* | unix-dgram:* | unix-seqpacket:*) _whyconn_sockets "${1%%:*}:" "${1#*:}" ;;
        /* | ./* | ../* | '~'*) _whyconn_sockets "" "$1" ;;
        *:*) _whyconn_names "${1##*:}" "${1%:*}:" "" < <(_whyconn_services "$2") ;;
        *) _whyconn_names "$1" "" ":" < <(_whyconn_hosts "$1") ;;
    esac
}

# Asks the generated function for $3 after $2, with the words behind them.
_whyconn_known() {
    local COMP_WORDS=("${@:4}") COMP_CWORD=$(($# - 4))
    _whyconn "$1" "$3" "$2"
}

_whyconn_complete() {
    local line=${COMP_LINE:0:COMP_POINT} words=() rest word i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        rest=${line#"${line%%[![:space:]]*}"}
        if ((i == 0)) || [[ $rest != "$line" ]]; then words+=(""); fi
        [[ $rest == "$word"* ]] || word=$rest
        words[${#words[@]} - 1]+=$word
        line=${rest:${#word}}
    done

    local last=$((${#words[@]} - 1))
    local cur=${words[last]} typed=${words[last]} option="" given="" transport=tcp targets=() command=0
    for ((i = 1; i < last && !command; i++)); do
        word=${words[i]}
        [[ $word == --udp || $word =~ ^-[46uqvhV]*u || $word == udp://* ]] && transport=udp
        case $word in
            --) command=$((i + 1)) ;;
            -f | --targets-from | -j | --jobs | -t | --timeout | -s | --source | -p | --source-port | -i | --interface | --dns | --grace | --trace | --expect | --wait | --format | --color) option=$word ;;
            -*) [[ $word =~ ^-[46uqvhV]*([f|j|t|s|p|i])$ ]] && option=-${BASH_REMATCH[1]} ;;
            *) targets+=("$word") ;;
        esac
        # The next word is the option's value, be it the one to complete or not.
        if [[ -n $option ]] && ((i + 1 < last)); then
            option=""
            ((i++))
        fi
    done
    if [[ -z $option && $cur == --*=* ]] && ((!command)); then
        option=${cur%%=*} given=${cur%%=*}= cur=${cur#*=}
    fi

    COMPREPLY=()
    if [[ ${words[1]} == @(explain|schema) ]] && ((last > 1)); then
        words=("${words[@]:0:last}")
        [[ -n $given ]] && words+=("$option")
        _whyconn_known "$1" "${words[${#words[@]} - 1]}" "$cur" "${words[@]}" "$cur"
        local known=("${COMPREPLY[@]}")
        COMPREPLY=()
        # Options are shown where one was begun.
        for word in "${known[@]}"; do
            [[ $word == -* && $cur != -* ]] || COMPREPLY+=("$given$word")
        done
    elif ((command)); then
        if ((command == last)); then
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -c -- "$cur")
        else
            compopt -o default 2>/dev/null
        fi
    elif [[ -n $option ]]; then
        case $option in
            -i | --interface) _whyconn_names "$cur" "$given" "" < <(cd /sys/class/net && printf '%s\n' *) ;;
            -f | --targets-from)
                compopt -o filenames 2>/dev/null
                while IFS= read -r word; do COMPREPLY+=("$given$word"); done < <(compgen -f -- "$cur")
                ;;
            --trace | --expect | --format | --color)
                _whyconn_known "$1" "$option" "$cur" "${words[0]}" "$option" "$cur"
                COMPREPLY=("${COMPREPLY[@]/#/$given}")
                ;;
        esac
    elif [[ $cur == -* ]]; then
        _whyconn_known "$1" "" "$cur" "${words[0]}" "$cur"
    elif ((${#targets[@]} == 1)) && [[ ${targets[0]} != *:* && ${targets[0]} != */* ]]; then
        _whyconn_names "$cur" "" "" < <(_whyconn_services "$transport")
    else
        ((last == 1)) && COMPREPLY=($(compgen -W "explain schema" -- "$cur"))
        _whyconn_target "$cur" "$transport"
    fi

    # A host still needs its port.
    ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *: ]] && compopt -o nospace 2>/dev/null
    # bash replaces what stands behind the last of these only.
    local kept="" mark
    for mark in : =; do
        if [[ $COMP_WORDBREAKS == *$mark* && $typed == *$mark* ]]; then
            word=${typed%"${typed##*$mark}"}
            ((${#word} > ${#kept})) && kept=$word
        fi
    done
    [[ -n $kept ]] && COMPREPLY=("${COMPREPLY[@]#"$kept"}")
    return 0
}

complete -F _whyconn_complete whyconn
