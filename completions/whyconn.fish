# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_whyconn_global_optspecs
    string join \n 4 6 t/timeout= s/source= p/source-port= i/interface= u/udp dns= grace= trace= expect= redact json format= q/quiet v/verbose color= h/help V/version
end

function __fish_whyconn_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_whyconn_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_whyconn_using_subcommand
    set -l cmd (__fish_whyconn_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c whyconn -n "__fish_whyconn_needs_command" -s t -l timeout -d 'How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s' -r
complete -c whyconn -n "__fish_whyconn_needs_command" -s s -l source -d 'Send from this address' -r
complete -c whyconn -n "__fish_whyconn_needs_command" -s p -l source-port -d 'Send from this port' -r
complete -c whyconn -n "__fish_whyconn_needs_command" -s i -l interface -d 'Leave through this device' -r
complete -c whyconn -n "__fish_whyconn_needs_command" -l dns -d 'Ask this name server instead of the system\'s' -r
complete -c whyconn -n "__fish_whyconn_needs_command" -l grace -d 'How long to watch the connection after the handshake; 0s to skip' -r
complete -c whyconn -n "__fish_whyconn_needs_command" -l trace -d 'Send SYNs (for UDP, datagrams to a high port) with small TTLs to find where they die: auto does when something on the way may be at fault' -r
complete -c whyconn -n "__fish_whyconn_needs_command" -l expect -d 'Exit with 0 if the verdict is this code or of this class, else with 11; may be given more than once' -r
complete -c whyconn -n "__fish_whyconn_needs_command" -l format -d 'How to print the report' -r -f -a "human\t'For people at a terminal'
json\t'One line of JSON'
markdown\t'A block to paste into a ticket'"
complete -c whyconn -n "__fish_whyconn_needs_command" -l color -d 'Use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or CLICOLOR=0 says no; CLICOLOR_FORCE says yes'
always\t'Always'
never\t'Never'"
complete -c whyconn -n "__fish_whyconn_needs_command" -s 4 -d 'Use IPv4 only'
complete -c whyconn -n "__fish_whyconn_needs_command" -s 6 -d 'Use IPv6 only'
complete -c whyconn -n "__fish_whyconn_needs_command" -s u -l udp -d 'Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme'
complete -c whyconn -n "__fish_whyconn_needs_command" -l redact -d 'Replace addresses, names, paths and process names, each by the same stand-in everywhere'
complete -c whyconn -n "__fish_whyconn_needs_command" -l json -d 'Print one JSON object, as --format json does'
complete -c whyconn -n "__fish_whyconn_needs_command" -s q -l quiet -d 'Print the verdict line alone'
complete -c whyconn -n "__fish_whyconn_needs_command" -s v -l verbose -d 'Print all evidence'
complete -c whyconn -n "__fish_whyconn_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c whyconn -n "__fish_whyconn_needs_command" -s V -l version -d 'Print version'
complete -c whyconn -n "__fish_whyconn_needs_command" -a "explain" -d 'Say what a verdict means, what causes it, and what to do; without CODE, list all'
complete -c whyconn -n "__fish_whyconn_needs_command" -a "schema" -d 'Print the JSON Schema of the report'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -l format -d 'How to print it; without CODE, markdown is the whole book' -r -f -a "text\t'For a terminal'
markdown\t'Markdown source, for a wiki'"
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c whyconn -n "__fish_whyconn_using_subcommand schema" -s h -l help -d 'Print help'
