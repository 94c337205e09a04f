# fish completion for smscli; made from its command tree by `make completions`, so do not edit.

# Offer the names of the tables [$argv[1].NAME] in the configuration file.
function __smscli_names
    set -l config $XDG_CONFIG_HOME
    test -n "$config"; or set config $HOME/.config
    set -l file $SMSCLI_CONFIG
    test -n "$file"; or set file $config/smscli/config.toml
    test -f "$file" -a -r "$file"; and string replace -rf (string replace GROUP $argv[1] '^[[:space:]]*\\[[[:space:]]*GROUP[[:space:]]*\\.[[:space:]]*("([^"\\\\[:cntrl:]]+)"|\'([^\'[:cntrl:]]+)\'|([A-Za-z0-9_-]+))[[:space:]]*\\]')'.*' '$2$3$4' <$file
end

function __smscli_profiles
    echo sandbox
    __smscli_names profiles
end

function __smscli_templates
    __smscli_names templates
end

# Offer the latest runs, which smscli keeps in a file for this.
function __smscli_runs
    set -l state $XDG_STATE_HOME
    test -n "$state"; or set state $HOME/.local/state
    set -l file $SMSCLI_LEDGER
    test -n "$file"; or set file $state/smscli/ledger.db
    test -f "$file-runs" -a -r "$file-runs"; and string match -r '^[0-9]+\t[0-9: -]+$' <"$file-runs"
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
        else if contains -- "$at $word" 'smscli send' 'smscli runs' 'smscli runs prune' 'smscli resume' 'smscli cancel' 'smscli status' 'smscli inbox' 'smscli optout' 'smscli optout list' 'smscli optout add' 'smscli optout remove' 'smscli optout import' 'smscli optout export' 'smscli template' 'smscli template add' 'smscli template list' 'smscli template show' 'smscli template remove' 'smscli balance' 'smscli parse-report' 'smscli listen' 'smscli codes' 'smscli ledger' 'smscli ledger path' 'smscli ledger backup' 'smscli ledger check' 'smscli profile' 'smscli profile add' 'smscli profile password' 'smscli profile list' 'smscli profile show' 'smscli profile set' 'smscli profile use' 'smscli profile remove' 'smscli profile path' 'smscli sandbox' 'smscli completion' 'smscli help'
            set at "$at $word"
        else if contains -- "$at $word" 'smscli send --mobile' 'smscli send --list' 'smscli send --csv' 'smscli send --column' 'smscli send --sheet' 'smscli send --encoding' 'smscli send --rejects' 'smscli send --limit' 'smscli send --content' 'smscli send --content-file' 'smscli send --template' 'smscli send --var' 'smscli send --sign' 'smscli send --extno' 'smscli send --at' 'smscli send --key' 'smscli send --max-refused' 'smscli send --batch-size' 'smscli send --workers' 'smscli send --rate' 'smscli send --wait' 'smscli send -p' 'smscli send --profile' 'smscli send --output' 'smscli runs --output' 'smscli runs --state' 'smscli runs --wait' 'smscli runs prune --before' 'smscli resume --unknown' 'smscli resume --batch' 'smscli resume --workers' 'smscli resume --rate' 'smscli resume --output' 'smscli status --output' 'smscli inbox --since' 'smscli inbox --mobile' 'smscli inbox --output' 'smscli optout list -p' 'smscli optout list --profile' 'smscli optout list --output' 'smscli optout add -p' 'smscli optout add --profile' 'smscli optout remove -p' 'smscli optout remove --profile' 'smscli optout import --column' 'smscli optout import --sheet' 'smscli optout import --encoding' 'smscli optout import -p' 'smscli optout import --profile' 'smscli optout export -p' 'smscli optout export --profile' 'smscli template add --content' 'smscli template add --sign' 'smscli template add --extno' 'smscli template list --output' 'smscli template show --output' 'smscli balance --min' 'smscli balance -p' 'smscli balance --profile' 'smscli balance --output' 'smscli parse-report --state' 'smscli parse-report -p' 'smscli parse-report --profile' 'smscli parse-report --output' 'smscli listen --host' 'smscli listen --port' 'smscli listen --path' 'smscli listen --allow' 'smscli listen -p' 'smscli listen --profile' 'smscli listen --output' 'smscli codes --output' 'smscli ledger check --output' 'smscli profile add --endpoint' 'smscli profile add --name' 'smscli profile add --sign' 'smscli profile add --pwd-command' 'smscli profile list --output' 'smscli profile show --output' 'smscli profile set -p' 'smscli profile set --profile' 'smscli sandbox --port' 'smscli sandbox --balance' 'smscli sandbox --latency' 'smscli sandbox --fault' 'smscli sandbox --fault-every' 'smscli sandbox --log' 'smscli sandbox --push-to' 'smscli sandbox -p' 'smscli sandbox --profile'
            set wants value
        else if not string match -q -- '-*' $word
            set place (math $place + 1)
        end
    end
    test "$at" = $argv[1]; and test "$place" = "$argv[2]" -o -z "$argv[2]"
end

complete -c smscli -f
complete -c smscli -n "__smscli_at 'smscli' 1" -a send -d 'Send a text to one number or to a list.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a runs -d 'List all sends and what became of them; forget old ones.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a resume -d 'Continue a run that was interrupted.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a cancel -d 'Cancel what is left of a run.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a status -d 'Show what became of a message, by its sendid or its number.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a inbox -d 'Show the replies.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a optout -d 'Keep the list of people who want no more messages.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a template -d 'Add, show or remove the texts that the gateway approved.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a balance -d 'Show how many messages are left.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a parse-report -d 'Read status reports and replies from files, logs or a pipe.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a listen -d 'Receive status reports and replies from the gateway.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a codes -d 'Explain the gateway\'s codes and the report states.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a ledger -d 'Show, back up or check the file that keeps every send.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a profile -d 'Add, show, change or remove accounts.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a sandbox -d 'Run a gateway on this machine that sends nothing.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a completion -d 'Print the completion script of a shell.'
complete -c smscli -n "__smscli_at 'smscli' 1" -a help -d 'Explain a topic, such as output or exit-codes, or a command.'
complete -c smscli -n "__smscli_at 'smscli'" -l version -d 'Print the version.'
complete -c smscli -n "__smscli_at 'smscli'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli send'" -l mobile -x -d 'A number, or several joined by commas.'
complete -c smscli -n "__smscli_at 'smscli send'" -l list -l csv -r -F -d 'A list: a workbook (xlsx, xls, xlsb, ods), CSV, or one number a line; a pipe works too.'
complete -c smscli -n "__smscli_at 'smscli send'" -l column -x -d 'The list\'s phone column, by name or number.'
complete -c smscli -n "__smscli_at 'smscli send'" -l sheet -x -d 'A workbook\'s sheet, by name or number.'
complete -c smscli -n "__smscli_at 'smscli send'" -l encoding -x -d 'The list\'s encoding; usually it is detected.'
complete -c smscli -n "__smscli_at 'smscli send'" -l skip-invalid -d 'Leave invalid lines out, send to the others.'
complete -c smscli -n "__smscli_at 'smscli send'" -l rejects -r -F -d 'Write the invalid lines and their reasons to a new file, .csv or .xlsx.'
complete -c smscli -n "__smscli_at 'smscli send'" -l limit -x -d 'Send only to the first N numbers.'
complete -c smscli -n "__smscli_at 'smscli send'" -l include-opted-out -d 'Send also to people who want no more messages.'
complete -c smscli -n "__smscli_at 'smscli send'" -l content -x -d 'The text; {name} takes that column of the list.'
complete -c smscli -n "__smscli_at 'smscli send'" -l content-file -r -F -d 'Read the text from a file.'
complete -c smscli -n "__smscli_at 'smscli send'" -l template -x -k -a '(__smscli_templates)' -d 'An approved text; `smscli template list` shows them.'
complete -c smscli -n "__smscli_at 'smscli send'" -l var -x -d 'Fill {NAME} with VALUE for every recipient.'
complete -c smscli -n "__smscli_at 'smscli send'" -l sign -x -d 'The signature, instead of the profile\'s.'
complete -c smscli -n "__smscli_at 'smscli send'" -l extno -x -d 'The extension code, instead of the profile\'s.'
complete -c smscli -n "__smscli_at 'smscli send'" -l at -x -d 'When to send, as 2026-12-01 09:00, 周五 18:00 or +2h; `smscli help times` lists all forms. Once accepted, it cannot be cancelled.'
complete -c smscli -n "__smscli_at 'smscli send'" -l key -x -d 'A name for this send; the same name never sends twice.'
complete -c smscli -n "__smscli_at 'smscli send'" -l dry-run -d 'Show what would be sent, and send nothing.'
complete -c smscli -n "__smscli_at 'smscli send'" -l force -d 'Send even if the balance is too low for the whole list.'
complete -c smscli -n "__smscli_at 'smscli send'" -l max-refused -x -d 'Stop after N batches were refused; 0 means never.'
complete -c smscli -n "__smscli_at 'smscli send'" -l batch-size -x -d 'Numbers in one request, instead of the profile\'s batch_size.'
complete -c smscli -n "__smscli_at 'smscli send'" -l workers -x -d 'How many requests at the same time.'
complete -c smscli -n "__smscli_at 'smscli send'" -l rate -x -d 'At most N requests a second; 0 means no limit.'
complete -c smscli -n "__smscli_at 'smscli send'" -l wait -x -d 'Wait this long for all reports, as 90s, 10m or 2h.'
complete -c smscli -n "__smscli_at 'smscli send'" -l yes -s y -d 'Do not ask; the answer is yes.'
complete -c smscli -n "__smscli_at 'smscli send'" -l quiet -s q -d 'Show no progress, and no notes about the list.'
complete -c smscli -n "__smscli_at 'smscli send'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli send'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli send'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli runs' 1" -a prune -d 'Forget finished runs, reports and replies from before a day: phone numbers are personal data.'
complete -c smscli -n "__smscli_at 'smscli runs'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli runs'" -l failed -d 'List the numbers that did not get the message, and why.'
complete -c smscli -n "__smscli_at 'smscli runs'" -l state -x -a 'DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001' -d 'List the numbers with this report state.'
complete -c smscli -n "__smscli_at 'smscli runs'" -l unknown -d 'List the numbers whose outcome is unknown.'
complete -c smscli -n "__smscli_at 'smscli runs'" -l wait -x -d 'Wait this long for all reports, as 90s, 10m or 2h.'
complete -c smscli -n "__smscli_at 'smscli runs'" -l quiet -s q -d 'Show no progress, and no notes about the list.'
complete -c smscli -n "__smscli_at 'smscli runs'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli runs' 1" -k -a '(__smscli_runs)' -d 'Its number; `smscli runs` lists them.'
complete -c smscli -n "__smscli_at 'smscli runs prune'" -l before -x -d 'The first day to keep, as 2026-12-01.'
complete -c smscli -n "__smscli_at 'smscli runs prune'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l unknown -x -a 'resend drop' -d 'For batches whose outcome is unknown: resend or drop. Look in the gateway\'s web console first.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l batch -x -d 'With --unknown: only these batches, as 3,7; otherwise all.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l workers -x -d 'How many requests at the same time.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l rate -x -d 'At most N requests a second; 0 means no limit.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l yes -s y -d 'Do not ask; the answer is yes.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l quiet -s q -d 'Show no progress, and no notes about the list.'
complete -c smscli -n "__smscli_at 'smscli resume'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli resume'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli resume' 1" -k -a '(__smscli_runs)' -d 'Its number; `smscli runs` lists them.'
complete -c smscli -n "__smscli_at 'smscli cancel'" -l yes -s y -d 'Do not ask; the answer is yes.'
complete -c smscli -n "__smscli_at 'smscli cancel'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli cancel' 1" -k -a '(__smscli_runs)' -d 'Its number; `smscli runs` lists them.'
complete -c smscli -n "__smscli_at 'smscli status'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli status'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli inbox'" -l since -x -d 'Only what came after this time (China time), as 2026-12-01 or \'2026-12-01 09:00\'.'
complete -c smscli -n "__smscli_at 'smscli inbox'" -l mobile -x -d 'Only replies from this number.'
complete -c smscli -n "__smscli_at 'smscli inbox'" -l follow -s f -d 'Keep running and show new replies.'
complete -c smscli -n "__smscli_at 'smscli inbox'" -l quarantine -d 'Show the pushes that were refused, and why.'
complete -c smscli -n "__smscli_at 'smscli inbox'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli inbox'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli optout' 1" -a list -d 'List an account\'s opt-outs: number, since when, and what the person wrote.'
complete -c smscli -n "__smscli_at 'smscli optout' 1" -a add -d 'Put numbers on the list.'
complete -c smscli -n "__smscli_at 'smscli optout' 1" -a remove -d 'Take numbers off the list: these people get messages again.'
complete -c smscli -n "__smscli_at 'smscli optout' 1" -a import -d 'Put the numbers of a file on the list: a workbook, a CSV, or one number a line.'
complete -c smscli -n "__smscli_at 'smscli optout' 1" -a export -d 'Write the list, one number a line, as `import` and `send` read it.'
complete -c smscli -n "__smscli_at 'smscli optout'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli optout list'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli optout list'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli optout list'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli optout add'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli optout add'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli optout remove'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli optout remove'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli optout import'" -l column -x -d 'The list\'s phone column, by name or number.'
complete -c smscli -n "__smscli_at 'smscli optout import'" -l sheet -x -d 'A workbook\'s sheet, by name or number.'
complete -c smscli -n "__smscli_at 'smscli optout import'" -l encoding -x -d 'The list\'s encoding; usually it is detected.'
complete -c smscli -n "__smscli_at 'smscli optout import'" -l skip-invalid -d 'Leave invalid lines out and add the others.'
complete -c smscli -n "__smscli_at 'smscli optout import'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli optout import'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli optout import' 1" -F -d 'A list, as for `send`; without it, from a pipe.'
complete -c smscli -n "__smscli_at 'smscli optout export'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli optout export'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli template' 1" -a add -d 'Add a text that the gateway approved.'
complete -c smscli -n "__smscli_at 'smscli template' 1" -a list -d 'List the templates of the configuration file.'
complete -c smscli -n "__smscli_at 'smscli template' 1" -a show -d 'Show a template: its text, signature, extension code and the fields it takes.'
complete -c smscli -n "__smscli_at 'smscli template' 1" -a remove -d 'Remove a template; asks first.'
complete -c smscli -n "__smscli_at 'smscli template'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli template add'" -l content -x -d 'The text, with {fields}; without it asked, or piped.'
complete -c smscli -n "__smscli_at 'smscli template add'" -l sign -x -d 'Its signature, instead of the profile\'s.'
complete -c smscli -n "__smscli_at 'smscli template add'" -l extno -x -d 'Its extension code, instead of the profile\'s.'
complete -c smscli -n "__smscli_at 'smscli template add'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli template list'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli template list'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli template show'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli template show'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli template show' 1" -k -a '(__smscli_templates)' -d 'Its name; `smscli template list` shows them.'
complete -c smscli -n "__smscli_at 'smscli template remove'" -l yes -s y -d 'Do not ask; the answer is yes.'
complete -c smscli -n "__smscli_at 'smscli template remove'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli template remove' 1" -k -a '(__smscli_templates)' -d 'Its name; `smscli template list` shows them.'
complete -c smscli -n "__smscli_at 'smscli balance'" -l min -x -d 'Exit with code 8 if fewer than N are left.'
complete -c smscli -n "__smscli_at 'smscli balance'" -l quiet -s q -d 'Print nothing unless something is wrong.'
complete -c smscli -n "__smscli_at 'smscli balance'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli balance'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli balance'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l summary -d 'Count by state instead of listing.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l state -x -a 'DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001' -d 'Only reports with this state.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l verify -d 'Add a column: does the push match the profile\'s credentials?'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l record -d 'Keep them in the ledger, except those that do not match the profile\'s credentials.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l strict -d 'Exit with code 2 if a line is not a push.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli parse-report'" -F -d 'Files, - for the pipe, or one push as text.'
complete -c smscli -n "__smscli_at 'smscli listen'" -l host -x -d 'The address to listen on; 0.0.0.0 is every address.'
complete -c smscli -n "__smscli_at 'smscli listen'" -l port -x -d 'The port; 0 takes any free one.'
complete -c smscli -n "__smscli_at 'smscli listen'" -l path -x -d 'The path of the address that the gateway pushes to.'
complete -c smscli -n "__smscli_at 'smscli listen'" -l allow -x -d 'Accept pushes only from this IP or network; may be repeated.'
complete -c smscli -n "__smscli_at 'smscli listen'" -l trust-proxy -d 'Behind a proxy: the caller is the last address in X-Forwarded-For.'
complete -c smscli -n "__smscli_at 'smscli listen'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli listen'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli listen'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli codes'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli codes'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli codes' 1" -a '0 1 2 3 4 10 11 12 13 14 DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001' -d 'One code or state, e.g. 13, DELIVRD, MK:0001.'
complete -c smscli -n "__smscli_at 'smscli ledger' 1" -a path -d 'Print where the ledger is.'
complete -c smscli -n "__smscli_at 'smscli ledger' 1" -a backup -d 'Copy the ledger into a new file and check the copy; this works also while the ledger is in use.'
complete -c smscli -n "__smscli_at 'smscli ledger' 1" -a check -d 'Read the whole ledger and say whether it is sound, and what is unfinished in it.'
complete -c smscli -n "__smscli_at 'smscli ledger'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli ledger path'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli ledger backup'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli ledger backup' 1" -F -d 'A new file for the copy.'
complete -c smscli -n "__smscli_at 'smscli ledger check'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli ledger check'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a add -d 'Add an account: ask for what is missing, and verify it with a balance call.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a password -d 'Change the interface password of an account: asks for it twice, or reads it from a pipe, and verifies it.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a list -d 'List the accounts.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a show -d 'Show an account as commands use it, and where each value comes from; secrets are masked.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a set -d 'Set one key of an account; an empty value removes it.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a use -d 'Make an account the default.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a remove -d 'Remove an account and its password; asks first.'
complete -c smscli -n "__smscli_at 'smscli profile' 1" -a path -d 'Print where the configuration file is.'
complete -c smscli -n "__smscli_at 'smscli profile'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l endpoint -x -d 'The address from the vendor\'s support.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l name -x -d 'The account.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l sign -x -d 'The signature of its messages.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l pwd-stdin -d 'Read the interface password from a pipe.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l pwd-command -x -d 'Read the password from this command\'s output.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -l no-verify -d 'Save without asking the gateway for the balance.'
complete -c smscli -n "__smscli_at 'smscli profile add'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile password'" -l no-verify -d 'Save without asking the gateway for the balance.'
complete -c smscli -n "__smscli_at 'smscli profile password'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile password' 1" -k -a '(__smscli_profiles)' -d 'Its name; without it the default.'
complete -c smscli -n "__smscli_at 'smscli profile list'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli profile list'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile show'" -l output -x -a 'table tsv json jsonl csv' -d 'table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.'
complete -c smscli -n "__smscli_at 'smscli profile show'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile show' 1" -k -a '(__smscli_profiles)' -d 'Its name; without it the default.'
complete -c smscli -n "__smscli_at 'smscli profile set'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'The account to use, instead of the default.'
complete -c smscli -n "__smscli_at 'smscli profile set'" -l stdin -d 'Read the value from a pipe.'
complete -c smscli -n "__smscli_at 'smscli profile set'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile set' 1" -a 'endpoint name pwd pwd_command sign extno standby batch_size timeout ca_bundle proxy push_name push_pwd access_secret push_window extension_length confirm_above per_number repeat_window quiet_hours optout_words optin_words refusal_codes' -d 'One of the keys below.'
complete -c smscli -n "__smscli_at 'smscli profile use'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile use' 1" -k -a '(__smscli_profiles)' -d 'Its name; `smscli profile list` shows them.'
complete -c smscli -n "__smscli_at 'smscli profile remove'" -l yes -s y -d 'Do not ask; the answer is yes.'
complete -c smscli -n "__smscli_at 'smscli profile remove'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli profile remove' 1" -k -a '(__smscli_profiles)' -d 'Its name; `smscli profile list` shows them.'
complete -c smscli -n "__smscli_at 'smscli profile path'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l port -x -d 'The port on 127.0.0.1; 0 takes any free one.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l balance -x -d 'How many messages the account has.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l latency -x -d 'Milliseconds before each answer.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l fault -x -a 'close-before reset-before close-after reset-after http-102 http-502 early-408 late-408 idle-408 html truncated drip redirect redirect-broken redirect-chinese huge huge-cookie gzip-bomb garbage empty wrong-counts code-502 code-minus-2' -d 'How to fail: close-before, reset-before, close-after, reset-after, http-102, http-502, early-408, late-408, idle-408, html, truncated, drip, redirect, redirect-broken, redirect-chinese, huge, huge-cookie, gzip-bomb, garbage, empty, wrong-counts, code-502, code-minus-2.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l fault-every -x -d 'Fail only at every Nth request.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l log -r -F -d 'Append the requests to a file instead of stderr.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -l push-to -x -d 'Push reports and replies to this address.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -s p -l profile -x -k -a '(__smscli_profiles)' -d 'Push with this account\'s push_name and push_pwd, or signed with its access_secret.'
complete -c smscli -n "__smscli_at 'smscli sandbox'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli completion'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli completion' 1" -a 'bash zsh fish powershell' -d 'bash, zsh, fish or powershell.'
complete -c smscli -n "__smscli_at 'smscli help'" -s h -l help -d 'Show the help.'
complete -c smscli -n "__smscli_at 'smscli help'" -a 'config exit-codes list output reports safety times send runs resume cancel status inbox optout template balance parse-report listen codes ledger profile sandbox completion help' -d 'A topic, or a command.'
