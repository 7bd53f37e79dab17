package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"muster/cube"
	"muster/rules"
	"muster/segments"
	"muster/service"
)

// segmentsCommand is what is done about definitions, by hand.
type segmentsCommand struct {
	Plan     segmentsPlan     `cmd:"" help:"Show what apply would change."`
	Apply    segmentsApply    `cmd:"" help:"Make the definitions those of files."`
	Export   segmentsExport   `cmd:"" help:"Write the definitions to files."`
	Show     segmentsShow     `cmd:"" help:"Print a definition, as it is or as it was."`
	Versions segmentsVersions `cmd:"" help:"List who has changed what and when."`
	Rollback segmentsRollback `cmd:"" help:"Make the definitions those of an older version."`
}

// Help is shown by --help.
func (segmentsCommand) Help() string {
	return `With segments.from: redis in the configuration, segments are definitions in Redis: every
evaluator goes by them and takes over what is changed within two seconds. These commands
change them and look at them. Each change makes a version; of the last 1,000
(redis.definition_versions) is known who made them, when, and what they changed.

A deployment with segments in files comes to definitions in this order:

    evaluator segments apply -c muster.yaml -f segments/
    # then segments.from: redis in the configuration, and a restart of the evaluators

With --server in place of -c they ask the API of an evaluator, which takes changes with
the scope write, of up to 1 MB of text.`
}

// definitionsReader is a deployment and its definitions.
type definitionsReader struct {
	definitionsAccess
	reader *reader // nil where the API is asked
	c      console
}

// deployment is which deployment a command is about.
type deployment struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Server string `placeholder:"URL" help:"Ask the API of an evaluator and not Redis, as https://muster.internal:8090; MUSTER_TOKEN has the token."`
}

// withDefinitions has work use the definitions of a deployment.
func withDefinitions(c console, d deployment, work func(context.Context, *definitionsReader) error) error {
	if err := oneOf(d.Config, d.Server); err != nil {
		return err
	}
	if d.Server != "" {
		return withServer(d.Server, func(ctx context.Context, s *server) error {
			err := work(ctx, &definitionsReader{remoteDefinitions{s}, nil, c})
			if errors.Is(err, segments.ErrForgotten) {
				return unusable(err)
			}
			return err
		})
	}
	return withReader(c, d.Config, func(ctx context.Context, r *reader) error {
		wall := func() int64 { return time.Now().UnixMilli() }
		return definitionsError(work(ctx, &definitionsReader{segments.NewDefinitions(r.store, wall, nil), r, c}))
	})
}

// definitionsError makes what the definitions were given unusable, and of
// Redis' errors what the other commands make of them.
func definitionsError(err error) error {
	var refused *segments.RefusedError
	var conflict *segments.ConflictError
	switch {
	case err == nil, errors.Is(err, errSilent):
		return err
	case errors.As(err, &refused), errors.As(err, &conflict), errors.Is(err, segments.ErrNotFound), errors.Is(err, segments.ErrForgotten):
		return unusable(err)
	}
	var input unusableError
	if errors.As(err, &input) {
		return err
	}
	return service.Classify(err)
}

// noteFiles says that evaluators do not go by definitions yet.
func (r *definitionsReader) noteFiles() {
	if r.reader != nil && r.reader.config.Segments.From == segments.FromFiles {
		_, _ = fmt.Fprintf(r.c.err, "note: segments.from is files, so evaluators go by %s and not by definitions; write from: redis and start them again\n",
			r.reader.config.Segments.Path)
	}
}

// withoutCubes refuses a file that declares cubes: definitions are segments alone,
// and a declaration must not get lost on the way.
func withoutCubes(source rules.Source) error {
	cubes, err := cube.Read(source)
	if err != nil {
		return unusable(err)
	}
	if len(cubes) > 0 {
		return unusable(fmt.Errorf("%s: declares cubes, which definitions in Redis don't have: move cubes to a file of its own, and name it in cubes.path of the configuration", source.Name))
	}
	return nil
}

// wanted is what definitions are to be.
type wanted struct {
	texts      map[string]string                 // of segments, by id
	catalogues map[string]segments.CatalogueText // by id; nil: as they are
}

// wantedIn reads the segments of files, which must compile and pass their tests,
// and the catalogues that the files declare.
func wantedIn(path string) (*wanted, error) {
	sources, err := readSegments(path)
	if err != nil {
		return nil, err
	}
	set, err := compile(sources)
	if err != nil {
		return nil, err
	}
	_, failures, err := segments.RunTests(set, func(*rules.Segment) bool { return true })
	if err != nil {
		return nil, err
	}
	if len(failures) > 0 {
		return nil, unusable(&segments.RefusedError{Failures: failures})
	}
	w := &wanted{map[string]string{}, map[string]segments.CatalogueText{}}
	for _, source := range sources {
		if err := withoutCubes(source); err != nil {
			return nil, err
		}
		for _, one := range rules.DeclaredIn(source) {
			w.catalogues[one.ID] = segments.CatalogueText{Key: one.Key, Data: one.File.Data}
		}
		split, wrong := rules.Split(source)
		if len(wrong) > 0 {
			return nil, unusable(wrong)
		}
		for _, one := range split {
			w.texts[one.ID] = one.Text
		}
	}
	return w, nil
}

// applying is how a change is applied.
type applying struct {
	Yes     bool   `short:"y" help:"Do not ask."`
	Force   bool   `help:"Remove more than a quarter of the definitions, if that is what it comes to."`
	As      string `default:"${user}" placeholder:"NAME" help:"Who makes the change; by default who is logged in. With --server it is the token."`
	Message string `short:"m" placeholder:"TEXT" help:"Why, for whoever looks at the versions."`
	Output  string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// apply shows a plan, asks, and carries it out.
func (a *applying) apply(ctx context.Context, r *definitionsReader, p *plan) error {
	if p.empty() {
		return p.print(r.c, a.Output, "nothing to do: version %d has all that already\n", p.Version)
	}
	if before := p.Unchanged + len(p.Changed) + len(p.Removed); len(p.Removed) > 1 && 4*len(p.Removed) > before && !a.Force {
		return unusable(fmt.Errorf("this would remove %d of %d definitions, which is more than a quarter: say --force if it is meant", len(p.Removed), before))
	}
	if !a.Yes {
		if err := p.print(r.c, "text", ""); err != nil {
			return err
		}
		if err := ask(r.c); err != nil {
			return err
		}
	}
	version, err := r.Apply(ctx, p.edit, segments.Author{Who: a.As, Message: a.Message})
	if err != nil {
		return err
	}
	r.noteFiles()
	p.Version = version
	if a.Output == "json" {
		return printJSON(r.c.out, p)
	}
	_, err = fmt.Fprintf(r.c.out, "version %d: %s\n", version, p.counts())
	return wrap("writing output", err)
}

// ask returns an error unless somebody says yes.
func ask(c console) error {
	_, _ = fmt.Fprint(c.err, "apply this? [y/N] ")
	line := ""
	if c.in != nil {
		line, _ = bufio.NewReader(c.in).ReadString('\n') // no answer is none
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer == "y" || answer == "yes" {
		return nil
	}
	_, _ = fmt.Fprintln(c.err, "nothing was changed; --yes does not ask")
	return errSilent
}

// userName is who is logged in, as far as the environment tells.
func userName() string {
	for _, name := range []string{"USER", "LOGNAME", "USERNAME"} {
		if user := os.Getenv(name); user != "" {
			return user
		}
	}
	return "unknown"
}

// planFor compares the definitions with what they are to be.
func (r *definitionsReader) planFor(ctx context.Context, w *wanted) (*plan, error) {
	list, version, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	texts := w.texts
	now := map[string]string{}
	for _, one := range list {
		now[one.ID] = one.Text
	}
	p := &plan{
		Version: version, Added: []planned{}, Changed: []planned{}, Removed: []planned{},
		edit: segments.Edit{Write: map[string]string{}, If: version},
	}
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		before, known := now[id]
		switch {
		case !known:
			p.Added = append(p.Added, plannedOf(id, "", texts[id]))
		case before != texts[id]:
			p.Changed = append(p.Changed, plannedOf(id, before, texts[id]))
		default:
			p.Unchanged++
			continue
		}
		p.edit.Write[id] = texts[id]
	}
	for _, one := range list {
		if _, stays := texts[one.ID]; !stays {
			p.Removed = append(p.Removed, plannedOf(one.ID, one.Text, ""))
			p.edit.Remove = append(p.edit.Remove, one.ID)
		}
	}
	return p, r.planCatalogues(ctx, p, w.catalogues)
}
