# bash completion for smscli; made from its command tree by `make completions`, so do not edit.

# Set the commands and options of the command $1, and what its option or argument $2 takes.
_smscli_about() {
    commands= options= takes=
    case $1 in
    'smscli')
        commands='send runs stats resume resend cancel status inbox optout template balance parse-report listen doctor codes ledger profile sandbox completion help' options='--version -h --help'
        case $2 in
        esac ;;
    'smscli send')
        commands='' options='--mobile --list --csv --column --sheet --encoding --skip-invalid --rejects --limit --include-opted-out --content --content-file --template --var --sign --extno --at --key --dry-run --force --max-refused --batch-size --workers --rate --wait --yes -y --quiet -q -p --profile --output -h --help'
        case $2 in
        --mobile) takes='text' ;;
        --list|--csv) takes='file' ;;
        --column) takes='text' ;;
        --sheet) takes='text' ;;
        --encoding) takes='text' ;;
        --rejects) takes='file' ;;
        --limit) takes='text' ;;
        --content) takes='text' ;;
        --content-file) takes='file' ;;
        --template) takes='template' ;;
        --var) takes='text' ;;
        --sign) takes='text' ;;
        --extno) takes='text' ;;
        --at) takes='text' ;;
        --key) takes='text' ;;
        --max-refused) takes='text' ;;
        --batch-size) takes='text' ;;
        --workers) takes='text' ;;
        --rate) takes='text' ;;
        --wait) takes='text' ;;
        -p|--profile) takes='profile' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        esac ;;
    'smscli runs')
        commands='prune' options='--since --until -p --profile --state --limit --sandbox --output --list --failed --unknown --html --whole-numbers --wait --quiet -q -h --help'
        case $2 in
        --since) takes='text' ;;
        --until) takes='text' ;;
        -p|--profile) takes='profile' ;;
        --state) takes='choice DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001' ;;
        --limit) takes='text' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        --list) takes='choice failed waiting planned unknown all' ;;
        --html) takes='file' ;;
        --wait) takes='text' ;;
        1) takes='run' ;;
        esac ;;
    'smscli runs prune')
        commands='' options='--before -h --help'
        case $2 in
        --before) takes='text' ;;
        esac ;;
    'smscli stats')
        commands='' options='--by --since --until --sandbox --html --whole-numbers --output -h --help'
        case $2 in
        --by) takes='choice hour day month run template profile operator reason' ;;
        --since) takes='text' ;;
        --until) takes='text' ;;
        --html) takes='file' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        esac ;;
    'smscli resume')
        commands='' options='--unknown --batch --join --workers --rate --yes -y --quiet -q --output -h --help'
        case $2 in
        --unknown) takes='choice resend drop' ;;
        --batch) takes='text' ;;
        --workers) takes='text' ;;
        --rate) takes='text' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        1) takes='run' ;;
        esac ;;
    'smscli resend')
        commands='' options='--failed --state --include-opted-out --at --key --dry-run --force --max-refused --batch-size --workers --rate --wait --yes -y --quiet -q --output -h --help'
        case $2 in
        --state) takes='choice DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001' ;;
        --at) takes='text' ;;
        --key) takes='text' ;;
        --max-refused) takes='text' ;;
        --batch-size) takes='text' ;;
        --workers) takes='text' ;;
        --rate) takes='text' ;;
        --wait) takes='text' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        1) takes='run' ;;
        esac ;;
    'smscli cancel')
        commands='' options='--yes -y -h --help'
        case $2 in
        1) takes='run' ;;
        esac ;;
    'smscli status')
        commands='' options='--output -h --help'
        case $2 in
        --output) takes='choice table tsv json jsonl csv' ;;
        1) takes='text' ;;
        esac ;;
    'smscli inbox')
        commands='' options='--since --mobile --run --unread --optouts --follow -f --quarantine --output -h --help'
        case $2 in
        --since) takes='text' ;;
        --mobile) takes='text' ;;
        --run) takes='run' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        esac ;;
    'smscli optout')
        commands='list add remove import export' options='-h --help'
        case $2 in
        esac ;;
    'smscli optout list')
        commands='' options='-p --profile --output -h --help'
        case $2 in
        -p|--profile) takes='profile' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        esac ;;
    'smscli optout add')
        commands='' options='-p --profile -h --help'
        case $2 in
        -p|--profile) takes='profile' ;;
        [1-9]*) takes='text' ;;
        esac ;;
    'smscli optout remove')
        commands='' options='-p --profile -h --help'
        case $2 in
        -p|--profile) takes='profile' ;;
        [1-9]*) takes='text' ;;
        esac ;;
    'smscli optout import')
        commands='' options='--column --sheet --encoding --skip-invalid -p --profile -h --help'
        case $2 in
        --column) takes='text' ;;
        --sheet) takes='text' ;;
        --encoding) takes='text' ;;
        -p|--profile) takes='profile' ;;
        1) takes='file' ;;
        esac ;;
    'smscli optout export')
        commands='' options='-p --profile -h --help'
        case $2 in
        -p|--profile) takes='profile' ;;
        esac ;;
    'smscli template')
        commands='add list show remove' options='-h --help'
        case $2 in
        esac ;;
    'smscli template add')
        commands='' options='--content --sign --extno -h --help'
        case $2 in
        --content) takes='text' ;;
        --sign) takes='text' ;;
        --extno) takes='text' ;;
        1) takes='text' ;;
        esac ;;
    'smscli template list')
        commands='' options='--output -h --help'
        case $2 in
        --output) takes='choice table tsv json jsonl csv' ;;
        esac ;;
    'smscli template show')
        commands='' options='--output -h --help'
        case $2 in
        --output) takes='choice table tsv json jsonl csv' ;;
        1) takes='template' ;;
        esac ;;
    'smscli template remove')
        commands='' options='--yes -y -h --help'
        case $2 in
        1) takes='template' ;;
        esac ;;
    'smscli balance')
        commands='' options='--min --warning --critical --all --quiet -q -p --profile --output -h --help'
        case $2 in
        --min) takes='text' ;;
        --warning) takes='text' ;;
        --critical) takes='text' ;;
        -p|--profile) takes='profile' ;;
        --output) takes='choice table tsv json jsonl csv nagios prometheus' ;;
        esac ;;
    'smscli parse-report')
        commands='' options='--summary --state --verify --record --strict -p --profile --output -h --help'
        case $2 in
        --state) takes='choice DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001' ;;
        -p|--profile) takes='profile' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        [1-9]*) takes='file' ;;
        esac ;;
    'smscli listen')
        commands='' options='--host --port --path --allow --trust-proxy --metrics -p --profile --output -h --help'
        case $2 in
        --host) takes='text' ;;
        --port) takes='text' ;;
        --path) takes='text' ;;
        --allow) takes='text' ;;
        -p|--profile) takes='profile' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        esac ;;
    'smscli doctor')
        commands='' options='--listener --output -h --help'
        case $2 in
        --listener) takes='text' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        esac ;;
    'smscli codes')
        commands='' options='--output -h --help'
        case $2 in
        --output) takes='choice table tsv json jsonl csv' ;;
        1) takes='choice 0 1 2 3 4 10 11 12 13 14 DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001' ;;
        esac ;;
    'smscli ledger')
        commands='path backup move roles check' options='-h --help'
        case $2 in
        esac ;;
    'smscli ledger path')
        commands='' options='-h --help'
        case $2 in
        esac ;;
    'smscli ledger backup')
        commands='' options='-h --help'
        case $2 in
        1) takes='file' ;;
        esac ;;
    'smscli ledger move')
        commands='' options='-h --help'
        case $2 in
        1) takes='text' ;;
        esac ;;
    'smscli ledger roles')
        commands='' options='-h --help'
        case $2 in
        esac ;;
    'smscli ledger check')
        commands='' options='--output -h --help'
        case $2 in
        --output) takes='choice table tsv json jsonl csv' ;;
        esac ;;
    'smscli profile')
        commands='add password list show set use remove path' options='-h --help'
        case $2 in
        esac ;;
    'smscli profile add')
        commands='' options='--endpoint --name --sign --pwd-stdin --pwd-command --no-verify -h --help'
        case $2 in
        --endpoint) takes='text' ;;
        --name) takes='text' ;;
        --sign) takes='text' ;;
        --pwd-command) takes='text' ;;
        1) takes='text' ;;
        esac ;;
    'smscli profile password')
        commands='' options='--no-verify -h --help'
        case $2 in
        1) takes='profile' ;;
        esac ;;
    'smscli profile list')
        commands='' options='--output -h --help'
        case $2 in
        --output) takes='choice table tsv json jsonl csv' ;;
        esac ;;
    'smscli profile show')
        commands='' options='-p --profile --output -h --help'
        case $2 in
        -p|--profile) takes='profile' ;;
        --output) takes='choice table tsv json jsonl csv' ;;
        1) takes='profile' ;;
        esac ;;
    'smscli profile set')
        commands='' options='-p --profile --stdin -h --help'
        case $2 in
        -p|--profile) takes='profile' ;;
        1) takes='choice endpoint name pwd pwd_command sign extno standby batch_size timeout ca_bundle proxy push_name push_pwd access_secret push_window extension_length confirm_above per_number repeat_window quiet_hours optout_words optin_words refusal_codes' ;;
        [1-9]*) takes='text' ;;
        esac ;;
    'smscli profile use')
        commands='' options='-h --help'
        case $2 in
        1) takes='profile' ;;
        esac ;;
    'smscli profile remove')
        commands='' options='--yes -y -h --help'
        case $2 in
        1) takes='profile' ;;
        esac ;;
    'smscli profile path')
        commands='' options='-h --help'
        case $2 in
        esac ;;
    'smscli sandbox')
        commands='' options='--port --balance --latency --fault --fault-every --log --push-to -p --profile -h --help'
        case $2 in
        --port) takes='text' ;;
        --balance) takes='text' ;;
        --latency) takes='text' ;;
        --fault) takes='choice close-before reset-before close-after reset-after http-102 http-502 early-408 late-408 idle-408 html truncated drip redirect redirect-broken redirect-chinese huge huge-cookie gzip-bomb garbage empty wrong-counts code-502 code-minus-2' ;;
        --fault-every) takes='text' ;;
        --log) takes='file' ;;
        --push-to) takes='text' ;;
        -p|--profile) takes='profile' ;;
        esac ;;
    'smscli completion')
        commands='' options='-h --help'
        case $2 in
        1) takes='choice bash zsh fish powershell' ;;
        esac ;;
    'smscli help')
        commands='' options='-h --help'
        case $2 in
        [1-9]*) takes='choice config exit-codes list output reports safety stability times send runs stats resume resend cancel status inbox optout template balance parse-report listen doctor codes ledger profile sandbox completion help' ;;
        esac ;;
    esac
}

# Offer those of the words that begin with what is typed, less what readline leaves standing.
_smscli_offer() {
    local word
    for word; do
        [[ $word == "$typed"* ]] && word=$prefix$word && COMPREPLY+=("${word#"$standing"}")
    done
}

# Offer the names of the tables [$1.NAME] in the configuration file, quoted; inside quotes only those that need none.
_smscli_names() {
    local file=${SMSCLI_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/smscli/config.toml} line name
    local header='^[[:space:]]*\[[[:space:]]*GROUP[[:space:]]*\.[[:space:]]*("([^"\\[:cntrl:]]+)"|'\''([^'\''[:cntrl:]]+)'\''|([A-Za-z0-9_-]+))[[:space:]]*\]' opened=
    header=${header/GROUP/$1}
    [[ $typed == [\"\']* ]] && opened=1 typed=${typed#?}
    [[ $1 != profiles ]] || _smscli_offer sandbox
    [[ -f $file && -r $file ]] || return
    while IFS= read -r line || [[ $line ]]; do
        [[ $line =~ $header ]] || continue
        line=${BASH_REMATCH[2]}${BASH_REMATCH[3]}${BASH_REMATCH[4]}
        printf -v name %q "$line"
        [[ $opened && $name != "$line" ]] || _smscli_offer "$name"
    done <"$file"
}

# Offer the latest runs, which smscli keeps in a file for this.
_smscli_runs() {
    local file=${SMSCLI_LEDGER:-${XDG_STATE_HOME:-$HOME/.local/state}/smscli/ledger.db}-runs number rest
    [[ -f $file && -r $file ]] || return
    compopt -o nosort 2>/dev/null
    while IFS=$'\t' read -r number rest || [[ $number ]]; do
        [[ $number =~ ^[0-9]+$ ]] && _smscli_offer "$number"
    done <"$file"
}

_smscli() {
    local IFS=$' \t\n' at=smscli place=1 wants= ended= commands options takes
    local typed prefix= standing= breaks=${COMP_WORDBREAKS//[^=:]/} rest=${COMP_LINE#*"${COMP_WORDS[0]}"} piece word
    local -a words=()
    COMPREPLY=()
    # Readline cuts words at = and : too, and bash 4 the words that it hands over; what no space parts is one word.
    for piece in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $rest == [[:space:]]* ]]; then words+=("$piece"); else words[${#words[@]} - 1]+=$piece; fi
        rest=${rest#*"$piece"}
    done
    typed=${words[${#words[@]} - 1]}
    word=${typed%%[\"\']*}
    [[ $breaks ]] && standing=${word%"${word##*[$breaks]}"}
    for word in "${words[@]:0:${#words[@]} - 1}"; do
        _smscli_about "$at" "$word"
        if [[ $wants ]]; then wants=
        elif [[ $word == *[\<\>] || $takes && ! $ended && $word == -* ]]; then wants=$word
        elif [[ $word == -- ]]; then ended=1
        elif [[ " $commands " == *" $word "* ]]; then at+=" $word"
        elif [[ $ended || $word != -* ]]; then place=$((place + 1))
        fi
    done
    if [[ ! $wants && ! $ended && $typed == --*=* ]]; then
        wants=${typed%%=*} prefix=$wants= typed=${typed#*=}
    fi
    _smscli_about "$at" "${wants:-$place}"
    [[ $place == 1 ]] || commands=
    [[ $wants == *[\<\>] || ! $wants && $typed == *[\<\>]* ]] && takes=file
    if [[ ! $wants && ! $ended && ( $typed == -* || ! $commands$takes ) ]]; then
        _smscli_offer $options
    else
        case $takes in
        file) return ;; # readline's own completion does these best
        profile | template) _smscli_names "${takes}s" ;;
        run) _smscli_runs ;;
        choice*) _smscli_offer ${takes#choice} ;;
        esac
        [[ $wants ]] || _smscli_offer $commands
    fi
    compopt +o default 2>/dev/null # bash 3.2 has none and offers files where nothing else fits
}

complete -o default -F _smscli smscli
