
# What only this machine knows: hosts, services, devices, sockets.

# The words that are no options and no values, without the one under the cursor.
function __whyconn_words
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -i (__fish_whyconn_global_optspecs) -- $cmd 2>/dev/null
    and string join -- \n $argv
end

function __whyconn_services
    set -l transport tcp
    set -l cmd (commandline -opc) (commandline -ct)
    string match -qr -- '^(--udp|-[@flags@]*u.*|udp://.*)$' $cmd
    and set transport udp
    begin
        getent services 2>/dev/null
        or cat /etc/services 2>/dev/null
    end | string replace -rf '^([\w.+-]+)\s+\d+/'$transport'\b.*' '$1'
end

function __whyconn_wants_path
    string match -qr '^(unix|unix-dgram|unix-seqpacket):(?!@)|^(\.{0,2}|~.*)/' -- (commandline -ct)
end

function __whyconn_wants_port
    set -l words (__whyconn_words)
    test (count $words) -eq 1
    and not string match -q '*[:/]*' -- $words[1]
    and not contains -- $words[1] @commands@
end

function __whyconn_wants_target
    set -l words (__whyconn_words)
    not contains -- "$words[1]" @commands@
    and not __whyconn_wants_port
    and not __whyconn_wants_path
end

# HOST:, and HOST:SERVICE once there is a host.
function __whyconn_targets
    set -l cur (commandline -ct)
    if string match -q '*://*' -- $cur
        return
    else if set -l host (string match -r '^.*:' -- $cur)
        string join -- \n $host(__whyconn_services)\tservice
    else
        string match -r '^[\w.-]+$' -- (__fish_print_hostnames) | string replace -r '$' ':\thost'
    end
end

complete -c whyconn -f
complete -c whyconn -n __whyconn_wants_path -F
complete -c whyconn -n __whyconn_wants_target -a '(__whyconn_targets)'
complete -c whyconn -n __whyconn_wants_port -a '(__whyconn_services)' -d service
