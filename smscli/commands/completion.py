"""`smscli completion`: print the completion script of a shell."""

from typing import Annotated

import typer

from smscli.completion.scripts import Shell, script


def command(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.", show_default=False)],
) -> None:
    """Print the completion script of a shell.

    \b
    bash:       echo 'eval "$(smscli completion bash)"' >> ~/.bashrc
    zsh:        echo 'eval "$(smscli completion zsh)"' >> ~/.zshrc
                (after the line that runs compinit)
    fish:       mkdir -p ~/.config/fish/completions
                smscli completion fish > ~/.config/fish/completions/smscli.fish
    PowerShell: 'smscli completion powershell | Out-String | iex' >> $PROFILE
    """
    context.obj.write(script(shell))
