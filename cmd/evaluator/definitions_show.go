package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"muster/lookup"
	"muster/rules"
	"muster/segments"
)

type segmentsExport struct {
	deployment

	Files string `short:"f" required:"" placeholder:"DIR|-" help:"Folder to write a file for each definition into; - prints one file."`
}

// Help is shown by --help.
func (segmentsExport) Help() string {
	return `Writes the definitions as segment files, which apply reads as the same definitions.

    evaluator segments export -c muster.yaml -f segments/     # segments/vip.yaml, ...
    evaluator segments export -c muster.yaml -f - > all.yaml

Catalogues are declared in _catalogues.yaml, each with its table beside it, as
products.csv. One file can't have them: with catalogues, - is refused.

A folder that has other segment files is refused, because whoever reads it would read
those too.

Exit code: 0 when written, 1 when Redis can't be reached, 2 when the configuration, what
Redis holds, or the folder can't be used.`
}

// Run writes.
func (cmd *segmentsExport) Run(c console) error {
	return withDefinitions(c, cmd.deployment, func(ctx context.Context, r *definitionsReader) error {
		list, _, err := r.List(ctx)
		if err != nil {
			return err
		}
		catalogues, err := r.readCatalogues(ctx)
		if err != nil {
			return err
		}
		if cmd.Files == "-" && len(catalogues) > 0 {
			return unusable(errors.New("the definitions look things up in catalogues, whose tables are files of their own: name a folder to export to"))
		}
		if cmd.Files == "-" {
			texts := make([]rules.Text, len(list))
			for i := range list {
				texts[i] = rules.Text{ID: list[i].ID, Text: list[i].Text}
			}
			_, err := c.out.Write(rules.Join(texts))
			return wrap("writing output", err)
		}
		if err := writeFolder(cmd.Files, list, catalogues); err != nil {
			return unusable(fmt.Errorf("exporting: %w", err))
		}
		also := ""
		if len(catalogues) > 0 {
			also = " and " + number(len(catalogues), "catalogue")
		}
		_, err = fmt.Fprintf(c.out, "wrote %s%s to %s\n", number(len(list), "definition"), also, cmd.Files)
		return wrap("writing output", err)
	})
}

// writeFolder writes a file for each definition, and the catalogues.
func writeFolder(path string, list []segments.Definition, catalogues []rules.Declared) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	own := map[string]bool{filepath.Join(path, cataloguesFile): true}
	for _, one := range list {
		own[filepath.Join(path, one.ID+".yaml")] = true
	}
	there, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, file := range there {
		kind := filepath.Ext(file.Name())
		if (kind == ".yaml" || kind == ".yml") && !own[filepath.Join(path, file.Name())] {
			return fmt.Errorf("%s has %s, which is of no definition: remove it, or name another folder", path, file.Name())
		}
	}
	for _, one := range list {
		text := rules.Join([]rules.Text{{ID: one.ID, Text: one.Text}})
		if err := os.WriteFile(filepath.Join(path, one.ID+".yaml"), text, 0o644); err != nil {
			return err
		}
	}
	return writeCatalogues(path, catalogues)
}

type segmentsShow struct {
	deployment

	Segment   string `arg:"" placeholder:"SEGMENT" help:"Id of the segment."`
	AtVersion int64  `default:"-1" placeholder:"VERSION" help:"As it was with this version of the definitions; by default as it is."`
	Output    string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (segmentsShow) Help() string {
	return `Prints the text of a definition, as its author wrote it. The version of a definition is the
version of all definitions that brought its text.

    evaluator segments show vip -c muster.yaml
    evaluator segments show vip -c muster.yaml --at-version 12

With --output json: {"id":"vip","version":9,"at":1795687200000,"who":"ann","text":"..."}

Exit code: 0 when printed, 1 when Redis can't be reached, 2 when there is no such
definition or version, or the configuration can't be used.`
}

// Run prints.
func (cmd *segmentsShow) Run(c console) error {
	return withDefinitions(c, cmd.deployment, func(ctx context.Context, r *definitionsReader) error {
		one, err := r.Get(ctx, cmd.Segment)
		if cmd.AtVersion >= 0 {
			one, err = r.GetAt(ctx, cmd.Segment, cmd.AtVersion)
		}
		if err != nil {
			return err
		}
		if cmd.Output == "json" {
			return printJSON(c.out, one)
		}
		_, err = fmt.Fprint(c.out, one.Text)
		return wrap("writing output", err)
	})
}

type segmentsVersions struct {
	deployment

	Segment string `arg:"" optional:"" placeholder:"SEGMENT" help:"Only versions that have changed this one."`
	Limit   int    `default:"100" help:"At most so many, the newest."`
	Output  string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (segmentsVersions) Help() string {
	return `Lists the versions of the definitions, newest first: when, by whom, what they have changed
and why. The last redis.definition_versions (1,000) are kept, and fewer where the texts that
they have replaced take more than 64 MB.

    evaluator segments versions -c muster.yaml

    version  when                      who  changed                      why
    18       2026-11-28T10:00:00.000Z  ann  added 1                      the plans of 2027
    17       2026-11-27T10:00:00.000Z  bob  changed 2, removed 1         -

With --output json, one line: {"versions":[{"version":18,"at":...,"changes":[...]}]}. A
change has the segment's id, "was", the version of the text before, and "removed".

Exit code: 0 when listed, 1 when Redis can't be reached, 2 when the configuration, or what
Redis holds, can't be used.`
}

// Run lists.
func (cmd *segmentsVersions) Run(c console) error {
	if cmd.Limit < 1 {
		return unusable(errors.New("--limit must be at least 1"))
	}
	return withDefinitions(c, cmd.deployment, func(ctx context.Context, r *definitionsReader) error {
		list, err := r.Versions(ctx, cmd.Segment, 0, cmd.Limit)
		if err != nil {
			return err
		}
		if cmd.Output == "json" {
			return printJSON(c.out, struct {
				Versions []segments.Version `json:"versions"`
			}{append([]segments.Version{}, list...)})
		}
		table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		line(table, "version\twhen\twho\tchanged\twhy\n")
		for i := range list {
			v := &list[i]
			line(table, "%d\t%s\t%s\t%s\t%s\n", v.Version, instant(v.At), lookup.Shown(v.Who), countChanges(v), cmp.Or(shownOrNone(v.Message), "-"))
		}
		return wrap("writing output", table.Flush())
	})
}

func shownOrNone(text string) string {
	if text == "" {
		return ""
	}
	return lookup.Shown(text)
}

// countChanges says what a version has changed, in numbers.
func countChanges(v *segments.Version) string {
	var added, changed, removed int
	for _, c := range v.Changes {
		switch {
		case c.Removed:
			removed++
		case c.Was == 0:
			added++
		default:
			changed++
		}
	}
	text := ""
	for _, part := range []struct {
		what string
		n    int
	}{{"added", added}, {"changed", changed}, {"removed", removed}, {"catalogues", len(v.Catalogues)}} {
		if part.n > 0 && text != "" {
			text += ", "
		}
		if part.n > 0 {
			text += fmt.Sprintf("%s %d", part.what, part.n)
		}
	}
	return cmp.Or(text, "nothing")
}
