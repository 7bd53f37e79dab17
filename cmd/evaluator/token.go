package main

import (
	"fmt"

	"muster/api/access"
)

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a token for the API."`
}

type tokenCreateCommand struct {
	Name  string   `required:"" placeholder:"NAME" help:"Whose it is, for logs: letters, digits, dots, dashes and underscores."`
	Scope []string `required:"" enum:"read,write,ingest,admin" placeholder:"SCOPE" help:"What it lets its holder do: ${enum}. Repeat it, or put commas between, for several."`
}

// Help is shown by --help.
func (tokenCreateCommand) Help() string {
	return `Prints a new token on stdout, once, and on stderr the line for the file that
api.tokens_file names. The line has a hash of the token, from which nobody gets back to
the token. Evaluators take over a changed file within a second or so of the next request.

    evaluator token create --name dashboards --scope read

    muster_5nJ0Y3...
    # put this line into the file that api.tokens_file names:
    dashboards read sha256:9f86d081...

    evaluator token create --name shop --scope ingest 2>> tokens > shop.token

Scopes do not contain each other: read is asking, write is changing what Muster does,
ingest is sending events, admin is what can't be taken back.

Exit code: 0 when made, 2 when the name or a scope can't be used.`
}

// Run makes a token and prints it.
func (cmd *tokenCreateCommand) Run(c console) error {
	scopes := make([]access.Scope, len(cmd.Scope))
	for i, one := range cmd.Scope {
		scopes[i] = access.Scope(one)
	}
	secret, token, err := access.Create(cmd.Name, scopes)
	if err != nil {
		return unusable(fmt.Errorf("--name: %w", err))
	}
	if _, err := fmt.Fprintln(c.out, secret); err != nil {
		return wrap("writing output", err)
	}
	_, err = fmt.Fprintf(c.err, "# put this line into the file that api.tokens_file names:\n%s\n", token.Line())
	return wrap("writing output", err)
}
