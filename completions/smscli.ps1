# PowerShell completion for smscli; made from its command tree by `make completions`, so do not edit.

Register-ArgumentCompleter -Native -CommandName smscli -ScriptBlock {
    param($typed, $ast, $cursor)
    Set-StrictMode -Off

    # At: the command; Name: its sub-command, option or argument; Takes: flag, text, file, profile, choice and choices.
    $rows = @'
At,Name,Takes,Summary
smscli,send,command,Send one text to a number or to a list of numbers.
smscli,runs,command,List all sends and their fate; show one; forget old ones.
smscli,resume,command,Go on with a run that was cut short.
smscli,status,command,Tell what became of a message: by its sendid or its number.
smscli,inbox,command,Show what people answered.
smscli,optout,command,Keep the numbers that want no more messages.
smscli,template,command,Show the texts that the gateway approved.
smscli,balance,command,Show how many messages are left.
smscli,parse-report,command,"Read status reports and replies from files, logs or a pipe."
smscli,listen,command,Receive status reports and replies from the gateway.
smscli,codes,command,Explain the gateway's codes and the report states.
smscli,profile,command,"Keep accounts: add, list, show, use, remove, path."
smscli,sandbox,command,Run a gateway on this machine that sends nothing.
smscli,completion,command,Print the completion script of a shell.
smscli,--version,flag,Print the version.
smscli,-h,flag,Show the help.
smscli,--help,flag,Show the help.
smscli send,--mobile,text,"A number, or several joined by commas."
smscli send,--csv,file,"A list, CSV or a number a line; or pipe it in."
smscli send,--content,text,The text; {name} takes that column of the list.
smscli send,--content-file,file,A file with the text.
smscli send,--template,text,An approved text.
smscli send,--var,text,"The same for all, for {NAME}."
smscli send,--sign,text,"The signature, instead of the profile's."
smscli send,--extno,text,"The extension code, instead of the profile's."
smscli send,--at,text,"When: 2026-12-01 09:00 (China time), +90m, +2h, +1d; cannot be called back."
smscli send,--column,text,The list's phone column: its name or number.
smscli send,--encoding,text,"The list's encoding, if it is misread."
smscli send,--skip-invalid,flag,"Leave invalid lines out, send to the others."
smscli send,--limit,text,Only the first N numbers.
smscli send,--key,text,The run's name; the same key never sends twice.
smscli send,--dry-run,flag,"Show what would be sent, and send nothing."
smscli send,--force,flag,Send what the balance covers where it is too little.
smscli send,--batch-size,text,Numbers in one request; 500 by default.
smscli send,--workers,text,Requests at once.
smscli send,--rate,text,Requests a second at most; 0: no limit.
smscli send,--max-refused,text,Stop after N refused texts.
smscli send,--include-opted-out,flag,Also to those who want no more messages.
smscli send,--wait,text,"Stay until all reports are in: 90s, 10m, 2h."
smscli send,--yes,flag,Do not ask.
smscli send,-y,flag,Do not ask.
smscli send,--quiet,flag,"No progress, no notes on the list."
smscli send,-q,flag,"No progress, no notes on the list."
smscli send,-p,profile,The account to use.
smscli send,--profile,profile,The account to use.
smscli send,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli send,-h,flag,Show the help.
smscli send,--help,flag,Show the help.
smscli runs,prune,command,"Forget finished runs, reports and replies from before a day, for phone numbers are personal data."
smscli runs,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli runs,-h,flag,Show the help.
smscli runs,--help,flag,Show the help.
smscli runs prune,--before,text,The first day to keep.
smscli runs prune,-h,flag,Show the help.
smscli runs prune,--help,flag,Show the help.
smscli resume,--unknown,choice resend drop,"Send unknown batches again, or never; see the web console first."
smscli resume,--workers,text,Requests at once.
smscli resume,--rate,text,Requests a second at most; 0: no limit.
smscli resume,--yes,flag,Do not ask.
smscli resume,-y,flag,Do not ask.
smscli resume,--quiet,flag,"No progress, no notes on the list."
smscli resume,-q,flag,"No progress, no notes on the list."
smscli resume,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli resume,-h,flag,Show the help.
smscli resume,--help,flag,Show the help.
smscli resume,argument 1,text,Its number; `smscli runs` lists them.
smscli status,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli status,-h,flag,Show the help.
smscli status,--help,flag,Show the help.
smscli status,argument 1,text,A sendid or a phone number.
smscli inbox,--since,text,"From then on, China time."
smscli inbox,--mobile,text,Only replies of this number.
smscli inbox,--follow,flag,"Go on, and show new ones as they come."
smscli inbox,-f,flag,"Go on, and show new ones as they come."
smscli inbox,--quarantine,flag,"Show what was refused, and why."
smscli inbox,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli inbox,-h,flag,Show the help.
smscli inbox,--help,flag,Show the help.
smscli optout,list,command,"List an account's opt-outs: number, since when, and what the person wrote."
smscli optout,add,command,Put numbers on the list.
smscli optout,remove,command,Take numbers off the list: these people get messages again.
smscli optout,import,command,"Put the numbers of a CSV, or of a list with one a line, on the list."
smscli optout,export,command,"Write the numbers one a line, as `import` and `send` read them."
smscli optout,-h,flag,Show the help.
smscli optout,--help,flag,Show the help.
smscli optout list,-p,profile,The account to use.
smscli optout list,--profile,profile,The account to use.
smscli optout list,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli optout list,-h,flag,Show the help.
smscli optout list,--help,flag,Show the help.
smscli optout add,-p,profile,The account to use.
smscli optout add,--profile,profile,The account to use.
smscli optout add,-h,flag,Show the help.
smscli optout add,--help,flag,Show the help.
smscli optout add,argument *,text,"Numbers, also joined by commas."
smscli optout remove,-p,profile,The account to use.
smscli optout remove,--profile,profile,The account to use.
smscli optout remove,-h,flag,Show the help.
smscli optout remove,--help,flag,Show the help.
smscli optout remove,argument *,text,"Numbers, also joined by commas."
smscli optout import,--column,text,The list's phone column: its name or number.
smscli optout import,--encoding,text,"The list's encoding, if it is misread."
smscli optout import,--skip-invalid,flag,Take the rest of the list.
smscli optout import,-p,profile,The account to use.
smscli optout import,--profile,profile,The account to use.
smscli optout import,-h,flag,Show the help.
smscli optout import,--help,flag,Show the help.
smscli optout import,argument 1,file,"A list, as for `send`; else the pipe."
smscli optout export,-p,profile,The account to use.
smscli optout export,--profile,profile,The account to use.
smscli optout export,-h,flag,Show the help.
smscli optout export,--help,flag,Show the help.
smscli template,list,command,List the templates of the configuration file.
smscli template,show,command,"Show a template: its text, signature, extension code and the fields it takes."
smscli template,-h,flag,Show the help.
smscli template,--help,flag,Show the help.
smscli template list,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli template list,-h,flag,Show the help.
smscli template list,--help,flag,Show the help.
smscli template show,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli template show,-h,flag,Show the help.
smscli template show,--help,flag,Show the help.
smscli template show,argument 1,text,
smscli balance,--min,text,Exit with 8 below N.
smscli balance,--quiet,flag,Print nothing unless there is trouble.
smscli balance,-q,flag,Print nothing unless there is trouble.
smscli balance,-p,profile,The account to use.
smscli balance,--profile,profile,The account to use.
smscli balance,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli balance,-h,flag,Show the help.
smscli balance,--help,flag,Show the help.
smscli parse-report,--summary,flag,Count by state instead.
smscli parse-report,--state,text,Only reports with this state.
smscli parse-report,--verify,flag,Mark what the profile's push secret proves.
smscli parse-report,--record,flag,Keep them in the ledger; with a push secret only what it proves.
smscli parse-report,--strict,flag,Fail where a line is no push.
smscli parse-report,-p,profile,The account to use.
smscli parse-report,--profile,profile,The account to use.
smscli parse-report,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli parse-report,-h,flag,Show the help.
smscli parse-report,--help,flag,Show the help.
smscli parse-report,argument *,file,"Files, - for a pipe, or one payload."
smscli listen,--host,text,The address to listen on; 0.0.0.0: all of this machine's.
smscli listen,--port,text,0 takes any free one.
smscli listen,--path,text,The path of the address that the gateway has.
smscli listen,--allow,text,Take pushes from there only; may be repeated.
smscli listen,--trust-proxy,flag,The caller is the last address in X-Forwarded-For.
smscli listen,-p,profile,The account to use.
smscli listen,--profile,profile,The account to use.
smscli listen,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli listen,-h,flag,Show the help.
smscli listen,--help,flag,Show the help.
smscli codes,--output,choice table tsv json jsonl csv,How to write it.
smscli codes,-h,flag,Show the help.
smscli codes,--help,flag,Show the help.
smscli codes,argument 1,text,"One code or state, e.g. 13, DELIVRD, MK:0001."
smscli profile,add,command,"Add an account; asks for what is missing, and verifies it with a balance call."
smscli profile,list,command,List the accounts.
smscli profile,show,command,"Show an account as commands would use it, and where each value comes from; secrets are masked."
smscli profile,use,command,Make an account the default.
smscli profile,remove,command,Remove an account and its password.
smscli profile,path,command,Print where the configuration file is.
smscli profile,-h,flag,Show the help.
smscli profile,--help,flag,Show the help.
smscli profile add,--endpoint,text,The address from the vendor's support.
smscli profile add,--name,text,The account.
smscli profile add,--sign,text,The signature of its messages.
smscli profile add,--pwd-stdin,flag,Read the interface password from a pipe.
smscli profile add,--pwd-command,text,Ask this command for it instead.
smscli profile add,--no-verify,flag,Do not ask the gateway for the balance.
smscli profile add,-h,flag,Show the help.
smscli profile add,--help,flag,Show the help.
smscli profile add,argument 1,text,What you want to call it.
smscli profile list,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli profile list,-h,flag,Show the help.
smscli profile list,--help,flag,Show the help.
smscli profile show,--output,choice table tsv json jsonl csv,"A table on a terminal, tsv in a pipe, or one of these."
smscli profile show,-h,flag,Show the help.
smscli profile show,--help,flag,Show the help.
smscli profile show,argument 1,profile,
smscli profile use,-h,flag,Show the help.
smscli profile use,--help,flag,Show the help.
smscli profile use,argument 1,profile,
smscli profile remove,-h,flag,Show the help.
smscli profile remove,--help,flag,Show the help.
smscli profile remove,argument 1,profile,
smscli profile path,-h,flag,Show the help.
smscli profile path,--help,flag,Show the help.
smscli sandbox,--port,text,Port on 127.0.0.1; 0 takes any free one.
smscli sandbox,--balance,text,Messages to start with.
smscli sandbox,--latency,text,"Wait before each answer, milliseconds."
smscli sandbox,--fault,choice close-before reset-before close-after reset-after http-502 html truncated drip redirect huge garbage empty,"How to misbehave: close-before, reset-before, close-after, reset-after, http-502, html, truncated, drip, redirect, huge, garbage, empty."
smscli sandbox,--fault-every,text,Misbehave at every Nth request.
smscli sandbox,--log,file,Append the requests to a file instead of stderr.
smscli sandbox,--push-to,text,Push reports and replies to this address.
smscli sandbox,-p,profile,"Push with this account's push_name and push_pwd, or signed with its access_secret."
smscli sandbox,--profile,profile,"Push with this account's push_name and push_pwd, or signed with its access_secret."
smscli sandbox,-h,flag,Show the help.
smscli sandbox,--help,flag,Show the help.
smscli completion,-h,flag,Show the help.
smscli completion,--help,flag,Show the help.
smscli completion,argument 1,choice bash zsh fish powershell,The shell it is for.
'@ | ConvertFrom-Csv

    function Find-Row($name) {
        $rows | Where-Object { $_.At -ceq $at -and $_.Name -ceq $name } | Select-Object -First 1
    }

    function Get-Profile {
        'sandbox'
        $folder = @($env:APPDATA, $env:XDG_CONFIG_HOME, "$HOME/.config") | Where-Object { $_ } | Select-Object -First 1
        $file = if ($env:SMSCLI_CONFIG) { $env:SMSCLI_CONFIG } else { "$folder/smscli/config.toml" }
        if (-not (Test-Path -LiteralPath $file -PathType Leaf)) { return }
        foreach ($line in Get-Content -LiteralPath $file -Encoding UTF8 -ErrorAction SilentlyContinue) {
            if ($line -match '^\s*\[\s*profiles\s*\.\s*(?:"([^"\\\p{C}]+)"|''([^''\p{C}]+)''|([A-Za-z0-9_-]+))\s*\]') {
                "$($Matches[1])$($Matches[2])$($Matches[3])"
            }
        }
    }

    function New-Result($name, $summary) {
        if (-not $summary) { $summary = $name } # PowerShell refuses an empty one
        $text = $name
        if ($name -notmatch '^[\w-]+$') {
            $quote = [System.Management.Automation.Language.CodeGeneration]
            $text = "'" + $quote::EscapeSingleQuotedStringContent($name) + "'"
        }
        [System.Management.Automation.CompletionResult]::new("$prefix$text", $name, 'ParameterValue', $summary)
    }

    $at = 'smscli'
    $place = 1
    $wants = $null
    foreach ($element in $ast.CommandElements | Select-Object -Skip 1) {
        if ($element.Extent.EndOffset -ge $cursor) { break }
        $row = Find-Row $element.Extent.Text
        if ($wants) { $wants = $null }
        elseif ($row.Takes -eq 'command') { $at = "$at $($row.Name)" }
        elseif ($row -and $row.Takes -ne 'flag') { $wants = $row }
        elseif ($element.Extent.Text -notlike '-*') { $place++ }
    }

    $prefix = ''
    if (-not $wants -and $typed -match '^(--[^=]+)=(.*)$') {
        $prefix = "$($Matches[1])="
        $typed = $Matches[2]
        $wants = Find-Row $prefix.TrimEnd('=')
    }
    elseif (-not $wants -and $typed -notlike '-*') {
        $wants = @((Find-Row "argument $place"), (Find-Row 'argument *')) | Where-Object { $_ } | Select-Object -First 1
    }

    $found = if ($wants.Takes -eq 'profile') {
        Get-Profile | ForEach-Object { @{ Name = $_; Summary = $_ } }
    }
    elseif ($wants.Takes -like 'choice *') {
        -split $wants.Takes | Select-Object -Skip 1 | ForEach-Object { @{ Name = $_; Summary = $_ } }
    }
    elseif (-not $wants) {
        $rows | Where-Object { $_.At -ceq $at -and (($_.Takes -eq 'command') -ne ($typed -like '-*')) }
    }
    $typed = $typed -replace '^[''"]', ''
    $found | Where-Object { $_ -and $_.Name.StartsWith($typed, [StringComparison]::Ordinal) } |
        ForEach-Object { New-Result $_.Name $_.Summary }
}
