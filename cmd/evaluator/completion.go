package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCommand prints what a shell needs to complete command lines.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"Your shell: ${enum}."`
}

// Help is shown by --help.
func (completionCommand) Help() string {
	return `Prints a script by which your shell completes commands, flags and their values. Ids of
segments and names of destinations come from what stands before them on the line: the files
of -f or of the configuration of -c, or the API at --server, which is waited for a second.

    source <(evaluator completion bash)        # in ~/.bashrc
    source <(evaluator completion zsh)         # in ~/.zshrc, behind compinit
    evaluator completion fish | source         # in ~/.config/fish/config.fish`
}

// completions are the scripts. Each asks evaluator complete, and where that has
// no answer completes the names of files.
var completions = map[string]string{
	"bash": `_evaluator() {
  local IFS=$'\n'
  COMPREPLY=($(evaluator complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _evaluator evaluator
`,
	"zsh": `_evaluator() {
  local -a found
  found=(${(f)"$(evaluator complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#found )); then compadd -a found; else _files; fi
}
compdef _evaluator evaluator
`,
	"fish": `complete -c evaluator -a '(evaluator complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
}

// Run prints the script.
func (cmd *completionCommand) Run(c console) error {
	_, err := io.WriteString(c.out, completions[cmd.Shell])
	return wrap("writing output", err)
}

// completeCommand prints what the last of some words may become.
type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"The words of the command line, the last of them to be completed."`
}

// Run prints a line for each.
func (cmd *completeCommand) Run(c console, parsed *kong.Context) error {
	words := cmd.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, one := range completed(parsed.Model.Node, words) {
		if _, err := fmt.Fprintln(c.out, one); err != nil {
			return wrap("writing output", err)
		}
	}
	return nil
}

// completed returns what the last word may become: values of the flag before
// it, flags, commands, or names.
func completed(at *kong.Node, words []string) (list []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	last, before := words[len(words)-1], words[:len(words)-1]
	if last == "=" { // bash takes it for a word
		last, before = "", words
	}
	before = rejoined(before)
	for _, word := range before {
		if i := slices.IndexFunc(at.Children, func(n *kong.Node) bool { return n.Name == word }); i >= 0 {
			at = at.Children[i]
		}
	}
	flags := slices.Concat(at.AllFlags(true)...)
	flag := openFlag(flags, before)
	switch {
	case flag != nil:
		list = valuesOf(flag.Value, before)
	case strings.HasPrefix(last, "-"):
		for _, flag := range flags {
			list = append(list, "--"+flag.Name)
		}
	default:
		for _, child := range at.Children {
			if !child.Hidden {
				list = append(list, child.Name)
			}
		}
		for _, positional := range at.Positional {
			list = append(list, valuesOf(positional, before)...)
		}
	}
	return slices.DeleteFunc(list, func(one string) bool { return one == "" || !strings.HasPrefix(one, last) })
}

// valuesOf returns what a flag or an argument may be, as far as that is known.
func valuesOf(value *kong.Value, words []string) []string {
	switch value.Name {
	case segmentNames, destinationNames:
		return namesOf(value.Name, words)
	case "audience", "against":
		return namesOf(segmentNames, words)
	}
	return value.EnumSlice()
}

// openFlag returns the flag whose value comes behind some words, nil for none.
func openFlag(flags []*kong.Flag, words []string) *kong.Flag {
	if len(words) == 0 {
		return nil
	}
	name := strings.TrimSuffix(words[len(words)-1], "=")
	i := slices.IndexFunc(flags, func(f *kong.Flag) bool {
		return !f.IsBool() && (name == "--"+f.Name || f.Short != 0 && name == "-"+string(f.Short))
	})
	if i < 0 {
		return nil
	}
	return flags[i]
}
