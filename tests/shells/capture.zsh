# Prints what zsh offers for each line: `zsh -f capture.zsh FOLDER LINE...`, where FOLDER holds the completion.
# The completion system lives in the line editor only, and that only on a terminal: so a shell in a
# pseudo-terminal is asked. Each line's candidates follow a line of its own with "=".
zmodload zsh/zpty
folder=$1
shift
await() {
    local text
    zpty -r ask text "*$1*" || { print -u2 -r -- "zsh ended: $text"; exit 1 }
    REPLY=${text//$'\r'}
}
zpty ask "zsh -f -i"
zpty -w ask "PS1= PS2=; unsetopt zle; stty -echo; print -r -- rea\"\"dy"
await ready
zpty -w ask "
fpath=(${(q)folder} \$fpath)
autoload -Uz compinit && compinit -D -u
typeset -ga offered
# Every candidate goes through compadd; with -O, -A or -D it only asks which ones would match.
compadd() {
    local -a matching
    local word
    for word in \"\$@\"; do
        case \$word in
            (-|--) break ;;
            (-[a-zA-Z]#[OAD]) builtin compadd \"\$@\"; return ;;
        esac
    done
    builtin compadd -O matching \"\$@\"
    offered+=(\$IPREFIX\$^matching)
    builtin compadd \"\$@\"
}
_offer() {
    offered=()
    _main_complete
    compstate[insert]= compstate[list]=
    print -rl -- '' \"\${(@)offered/#/+}\" all\"\"offered
}
zle -C offer complete-word _offer
bindkey '^T' offer
setopt zle extendedglob
print -r -- set\"\"up"
await setup
for line in "$@"; do
    print -r -- "="
    zpty -n -w ask "$line"$'\C-T'
    await alloffered
    print -rl -- ${${(M)${(f)REPLY}:#+*}#+}
    zpty -n -w ask $'\C-U'
done
zpty -d ask
