
use builtin;
use str;

set edit:completion:arg-completer[whyconn] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'whyconn'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'whyconn'= {
            cand -t 'How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s'
            cand --timeout 'How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s'
            cand -s 'Send from this address'
            cand --source 'Send from this address'
            cand -p 'Send from this port'
            cand --source-port 'Send from this port'
            cand -i 'Leave through this device'
            cand --interface 'Leave through this device'
            cand --dns 'Ask this name server instead of the system''s'
            cand --grace 'How long to watch the connection after the handshake; 0s to skip'
            cand --trace 'Send SYNs (for UDP, datagrams to a high port) with small TTLs to find where they die: auto does when something on the way may be at fault'
            cand --expect 'Exit with 0 if the verdict is this code or of this class, else with 11; may be given more than once'
            cand --format 'How to print the report'
            cand --color 'Use colour'
            cand -4 'Use IPv4 only'
            cand -6 'Use IPv6 only'
            cand -u 'Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme'
            cand --udp 'Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme'
            cand --redact 'Replace addresses, names, paths and process names, each by the same stand-in everywhere'
            cand --json 'Print one JSON object, as --format json does'
            cand -q 'Print the verdict line alone'
            cand --quiet 'Print the verdict line alone'
            cand -v 'Print all evidence'
            cand --verbose 'Print all evidence'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand explain 'Say what a verdict means, what causes it, and what to do; without CODE, list all'
            cand schema 'Print the JSON Schema of the report'
        }
        &'whyconn;explain'= {
            cand --format 'How to print it; without CODE, markdown is the whole book'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'whyconn;schema'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
