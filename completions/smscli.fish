# fish completion for smscli; made from its command tree by `make completions`, so do not edit.

function __smscli_profiles
    set -l config $XDG_CONFIG_HOME
    test -n "$config"; or set config $HOME/.config
    set -l file $SMSCLI_CONFIG
    test -n "$file"; or set file $config/smscli/config.toml
    echo sandbox
    test -f "$file" -a -r "$file"; and string replace -rf '^[[:space:]]*\\[[[:space:]]*profiles[[:space:]]*\\.[[:space:]]*("([^"\\\\[:cntrl:]]+)"|\'([^\'[:cntrl:]]+)\'|([A-Za-z0-9_-]+))[[:space:]]*\\]''.*' '$2$3$4' <$file
end

# Succeed where the words before the cursor lead to the command $argv[1] and, if given, to its argument number $argv[2].
function __smscli_at
    set -l words (commandline -opc)
    while set -q words[1]; and not string match -qr 'smscli$' -- $words[1]
        set -e words[1]
    end
    set -l at smscli
    set -l place 1
    set -l wants
    for word in $words[2..-1]
        if set -q wants[1]
            set -e wants[1]
        else if contains -- "$at $word" 'smscli send' 'smscli runs' 'smscli runs prune' 'smscli resume' 'smscli template' 'smscli template list' 'smscli template show' 'smscli balance' 'smscli parse-report' 'smscli codes' 'smscli profile' 'smscli profile add' 'smscli profile list' 'smscli profile show' 'smscli profile use' 'smscli profile remove' 'smscli profile path' 'smscli sandbox' 'smscli completion'
            set at "$at $word"
        else if contains -- "$at $word" 'smscli send --mobile' 'smscli send --csv' 'smscli send --content' 'smscli send --content-file' 'smscli send --template' 'smscli send --var' 'smscli send --sign' 'smscli send --extno' 'smscli send --at' 'smscli send --column' 'smscli send --encoding' 'smscli send --limit' 'smscli send --key' 'smscli send --batch-size' 'smscli send --workers' 'smscli send --rate' 'smscli send --max-refused' 'smscli send -p' 'smscli send --profile' 'smscli send --output' 'smscli runs --output' 'smscli runs prune --before' 'smscli resume --unknown' 'smscli resume --workers' 'smscli resume --rate' 'smscli resume --output' 'smscli template list --output' 'smscli template show --output' 'smscli balance --min' 'smscli balance -p' 'smscli balance --profile' 'smscli balance --output' 'smscli parse-report --state' 'smscli parse-report -p' 'smscli parse-report --profile' 'smscli parse-report --output' 'smscli codes --output' 'smscli profile add --endpoint' 'smscli profile add --name' 'smscli profile add --sign' 'smscli profile add --pwd-command' 'smscli profile list --output' 'smscli profile show --output' 'smscli sandbox --port' 'smscli sandbox --balance' 'smscli sandbox --latency' 'smscli sandbox --fault' 'smscli sandbox --fault-every' 'smscli sandbox --log'
            set wants value
        else if not string match -q -- '-*' $word
            set place (math $place + 1)
        end
    end
    test "$at" = $argv[1]; and test "$place" = "$argv[2]" -o -z "$argv[2]"
end

complete -c smscli -f
complete -c smscli -n "__smscli_at 'smscli' 1" -a send -d 'Send one text to a number or to a list of numbers.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a runs -d 'List all sends and their fate; show one; forget old ones.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a resume -d 'Go on with a run that was cut short.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a template -d 'Show the texts that the gateway approved.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a balance -d 'Show how many messages are left.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a parse-report -d 'Read status reports and replies from files, logs or a pipe.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a codes -d 'Explain the gateway\'s codes and the report states.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a profile -d 'Keep accounts: add, list, show, use, remove, path.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a sandbox -d 'Run a gateway on this machine that sends nothing.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a completion -d 'Print the completion script of a shell.'
complete -c smscli -n "__smscli_at 'smscli'" -l version -d 'Print the version.'
complete -c smscli -n "__smscli_at 'smscli'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli send'" -l mobile -x -d 'A number, or several joined by commas.'
complete -c smscli -n "__smscli_at 'smscli send'" -l csv -r -F -d 'A list: CSV or a number a line.'
complete -c smscli -n "__smscli_at 'smscli send'" -l content -x -d 'The text; {name} takes that column of the list.'
complete -c smscli -n "__smscli_at 'smscli send'" -l content-file -r -F -d 'A file with the text.'
complete -c smscli -n "__smscli_at 'smscli send'" -l template -x -d 'An approved text.'
complete -c smscli -n "__smscli_at 'smscli send'" -l var -x -d 'The same for all, for {NAME}.'
complete -c smscli -n "__smscli_at 'smscli send'" -l sign -x -d 'The signature, instead of the profile\'s.'
complete -c smscli -n "__smscli_at 'smscli send'" -l extno -x -d 'The extension code, instead of the profile\'s.'
complete -c smscli -n "__smscli_at 'smscli send'" -l at -x -d 'When: 2026-12-01 09:00 (China time), +90m, +2h, +1d.'
complete -c smscli -n "__smscli_at 'smscli send'" -l column -x -d 'The list\'s phone column: its name or number.'
complete -c smscli -n "__smscli_at 'smscli send'" -l encoding -x -d 'The list\'s encoding, if it is misread.'
complete -c smscli -n "__smscli_at 'smscli send'" -l skip-invalid -d 'Send to the rest of the list.'
complete -c smscli -n "__smscli_at 'smscli send'" -l limit -x -d 'Only the first N numbers.'
complete -c smscli -n "__smscli_at 'smscli send'" -l key -x -d 'The run\'s name; the same key never sends twice.'
complete -c smscli -n "__smscli_at 'smscli send'" -l dry-run -d 'Show what would be sent, and send nothing.'
complete -c smscli -n "__smscli_at 'smscli send'" -l force -d 'Also where the balance does not suffice.'
complete -c smscli -n "__smscli_at 'smscli send'" -l batch-size -x -d 'Numbers in one request; 500 by default.'
complete -c smscli -n "__smscli_at 'smscli send'" -l workers -x -d 'Requests at once.'
complete -c smscli -n "__smscli_at 'smscli send'" -l rate -x -d 'Requests a second at most; 0: no limit.'
complete -c smscli -n "__smscli_at 'smscli send'" -l max-refused -x -d 'Stop after N refused texts.'
complete -c smscli -n "__smscli_at 'smscli send'" -l yes -s y -d 'Do not ask.'
complete -c smscli -n "__smscli_at 'smscli send'" -l quiet -s q -d 'No progress.'
complete -c smscli -n "__smscli_at 'smscli send'" -s p -l profile -x -a '(__smscli_profiles)' -d 'The account to use.'
complete -c smscli -n "__smscli_at 'smscli send'" -l output -x -a 'table tsv json jsonl csv' -d 'A table on a terminal, tsv in a pipe, or one of these.'
complete -c smscli -n "__smscli_at 'smscli send'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli runs' 1" -a prune -d 'Forget finished runs from before a day, for phone numbers are personal data.'
complete -c smscli -n "__smscli_at 'smscli runs'" -l output -x -a 'table tsv json jsonl csv' -d 'A table on a terminal, tsv in a pipe, or one of these.'
complete -c smscli -n "__smscli_at 'smscli runs'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli runs prune'" -l before -x -d 'The first day to keep.'
complete -c smscli -n "__smscli_at 'smscli runs prune'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l unknown -x -a 'resend drop' -d 'Send unknown batches again, or never; see the web console first.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l workers -x -d 'Requests at once.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l rate -x -d 'Requests a second at most; 0: no limit.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l yes -s y -d 'Do not ask.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l quiet -s q -d 'No progress.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l output -x -a 'table tsv json jsonl csv' -d 'A table on a terminal, tsv in a pipe, or one of these.'
complete -c smscli -n "__smscli_at 'smscli resume'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli template' 1" -a list -d 'List the templates of the configuration file.'
complete -c smscli -n "__smscli_at 'smscli template' 1" -a show -d 'Show a template: its text, signature, extension code and the fields it takes.'
complete -c smscli -n "__smscli_at 'smscli template'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli template list'" -l output -x -a 'table tsv json jsonl csv' -d 'A table on a terminal, tsv in a pipe, or one of these.'
complete -c smscli -n "__smscli_at 'smscli template list'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli template show'" -l output -x -a 'table tsv json jsonl csv' -d 'A table on a terminal, tsv in a pipe, or one of these.'
complete -c smscli -n "__smscli_at 'smscli template show'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli balance'" -l min -x -d 'Exit with 8 below N.'
complete -c smscli -n "__smscli_at 'smscli balance'" -l quiet -s q -d 'Print nothing unless there is trouble.'
complete -c smscli -n "__smscli_at 'smscli balance'" -s p -l profile -x -a '(__smscli_profiles)' -d 'The account to use.'
complete -c smscli -n "__smscli_at 'smscli balance'" -l output -x -a 'table tsv json jsonl csv' -d 'A table on a terminal, tsv in a pipe, or one of these.'
complete -c smscli -n "__smscli_at 'smscli balance'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l summary -d 'Count by state instead.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l state -x -d 'Only reports with this state.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l verify -d 'Mark what the profile\'s push secret proves.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l strict -d 'Fail where a line is no push.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -s p -l profile -x -a '(__smscli_profiles)' -d 'The account to use.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l output -x -a 'table tsv json jsonl csv' -d 'A table on a terminal, tsv in a pipe, or one of these.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -F -d 'Files, - for a pipe, or one payload.'
complete -c smscli -n "__smscli_at 'smscli codes'" -l output -x -a 'table tsv json jsonl csv' -d 'How to write it.'
complete -c smscli -n "__smscli_at 'smscli codes'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a add -d 'Add an account; asks for what is missing, and verifies it with a balance call.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a list -d 'List the accounts.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a show -d 'Show an account as commands would use it, and where each value comes from; secrets are masked.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a use -d 'Make an account the default.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a remove -d 'Remove an account and its password.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a path -d 'Print where the configuration file is.'
complete -c smscli -n "__smscli_at 'smscli profile'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l endpoint -x -d 'The address from the vendor\'s support.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l name -x -d 'The account.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l sign -x -d 'The signature of its messages.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l pwd-stdin -d 'Read the interface password from a pipe.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l pwd-command -x -d 'Ask this command for it instead.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l no-verify -d 'Do not ask the gateway for the balance.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile list'" -l output -x -a 'table tsv json jsonl csv' -d 'A table on a terminal, tsv in a pipe, or one of these.'
complete -c smscli -n "__smscli_at 'smscli profile list'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile show'" -l output -x -a 'table tsv json jsonl csv' -d 'A table on a terminal, tsv in a pipe, or one of these.'
complete -c smscli -n "__smscli_at 'smscli profile show'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile show' 1" -a '(__smscli_profiles)' -d ''
complete -c smscli -n "__smscli_at 'smscli profile use'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile use' 1" -a '(__smscli_profiles)' -d ''
complete -c smscli -n "__smscli_at 'smscli profile remove'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile remove' 1" -a '(__smscli_profiles)' -d ''
complete -c smscli -n "__smscli_at 'smscli profile path'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l port -x -d 'Port on 127.0.0.1; 0 takes any free one.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l balance -x -d 'Messages to start with.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l latency -x -d 'Wait before each answer, milliseconds.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l fault -x -a 'close-before reset-before close-after reset-after http-502 html truncated drip redirect huge garbage empty' -d 'How to misbehave: close-before, reset-before, close-after, reset-after, http-502, html, truncated, drip, redirect, huge, garbage, empty.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l fault-every -x -d 'Misbehave at every Nth request.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l log -r -F -d 'Append the requests to a file instead of stderr.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli completion'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli completion' 1" -a 'bash zsh fish powershell' -d 'The shell it is for.'
