package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"muster/segments"
)

type segmentsPlan struct {
	deployment

	Files  string `short:"f" required:"" placeholder:"FILE|DIR" help:"Segment file, or folder of *.yaml files."`
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (segmentsPlan) Help() string {
	return `Compares the definitions in Redis with the segments of files, which are checked and
tested as by evaluator check, and shows what apply would add, change and remove:

    evaluator segments plan -c muster.yaml -f segments/

    + vip
    +id: vip
    +rule: sum(events("Order Completed"), .total) > 1000
    ~ old
    -rule: traits.age > 60
    +rule: traits.age > 65
    - gone
    ~ catalogue products: rows added 3, removed 1, changed 12
    version 17: 1 to add, 1 to change, 1 to remove, 12 as they are; catalogues: 1 to change

Exit code: 0 when there is nothing to do, 2 when there is a difference, 1 when that can't
be told: Redis can't be reached, or files or configuration can't be used.`
}

// errDifference ends a plan that is not empty with exit code 2.
var errDifference = unusable(errSilent)

// Run compares and prints.
func (cmd *segmentsPlan) Run(c console) error {
	empty := false
	err := withDefinitions(c, cmd.deployment, func(ctx context.Context, r *definitionsReader) error {
		w, err := wantedIn(cmd.Files)
		if err != nil {
			return err
		}
		p, err := r.planFor(ctx, w)
		if err == nil {
			err = r.Check(ctx, p.edit)
		}
		if err != nil {
			return err
		}
		empty = p.empty()
		return p.print(c, cmd.Output, "version %d: %s\n", p.Version, p.outlook())
	})
	switch {
	case err != nil:
		return errors.New(told(err)) // 2 says that there is a difference
	case !empty:
		return errDifference
	}
	return nil
}

// plan is what is to become of definitions.
type plan struct {
	Version   int64     `json:"version"` // that it is made for; once applied, that it has made
	Added     []planned `json:"added"`
	Changed   []planned `json:"changed"`
	Removed   []planned `json:"removed"`
	Unchanged int       `json:"unchanged"`
	// Catalogues are those of which something is to become; none where all stay.
	Catalogues []plannedCatalogue `json:"catalogues,omitempty"`

	edit segments.Edit
}

// planned is what is to become of one definition.
type planned struct {
	ID   string `json:"id"`
	Diff string `json:"diff"` // of the texts
}

// plannedOf is a change from one text to another, "" for none.
func plannedOf(id, before, after string) planned {
	return planned{ID: id, Diff: segments.Diff(id, before, after)}
}

func (p *plan) empty() bool {
	return len(p.Added)+len(p.Changed)+len(p.Removed)+len(p.Catalogues) == 0
}

func (p *plan) outlook() string {
	return fmt.Sprintf("%d to add, %d to change, %d to remove, %d as they are", len(p.Added), len(p.Changed), len(p.Removed), p.Unchanged) +
		countCatalogues(p.Catalogues, "%d to add", "%d to change", "%d to remove")
}

func (p *plan) counts() string {
	return fmt.Sprintf("added %d, changed %d, removed %d", len(p.Added), len(p.Changed), len(p.Removed)) +
		countCatalogues(p.Catalogues, "added %d", "changed %d", "removed %d")
}

// print prints a plan and a last line.
func (p *plan) print(c console, output, last string, arguments ...any) error {
	if output == "json" {
		return printJSON(c.out, p)
	}
	var text strings.Builder
	for _, part := range []struct {
		sign string
		list []planned
		diff bool
	}{{"+", p.Added, true}, {"~", p.Changed, true}, {"-", p.Removed, false}} {
		for _, one := range part.list {
			fmt.Fprintf(&text, "%s %s\n", part.sign, one.ID)
			if part.diff {
				text.WriteString(withoutPlaces(one.Diff))
			}
		}
	}
	for i := range p.Catalogues {
		text.WriteString(p.Catalogues[i].line())
	}
	fmt.Fprintf(&text, last, arguments...)
	_, err := fmt.Fprint(c.out, text.String())
	return wrap("writing output", err)
}

// withoutPlaces leaves out the lines of a diff that say where it is: texts are
// short.
func withoutPlaces(diff string) string {
	var kept strings.Builder
	for line := range strings.Lines(diff) {
		if !strings.HasPrefix(line, "@@") && !strings.HasPrefix(line, `\`) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
