package main

import (
	"context"
)

type segmentsApply struct {
	deployment

	Files string `short:"f" required:"" placeholder:"FILE|DIR" help:"Segment file, or folder of *.yaml files."`
	applying
}

// Help is shown by --help.
func (segmentsApply) Help() string {
	return `Makes the definitions in Redis those of files: adds, changes and removes what evaluator
segments plan shows, as one version, whole or not at all. It shows the plan and asks;
--yes does not ask. Evaluators take the version over within two seconds, between two
batches, and sweep the profiles that it concerns.

    evaluator segments apply -c muster.yaml -f segments/ --yes -m "the plans of 2027"
    version 18: added 1, changed 1, removed 1

Catalogues that the files declare are brought with them, as part of the same version, and
those that they do not declare are removed.

Segments with a mistake, or with a test that fails, are refused as a whole. So is a change
that somebody else's has come before since the plan was shown, and, without --force, the
removal of more than a quarter of the definitions.

Exit code: 0 when applied or nothing is to do, 1 when the answer was no or Redis can't be
reached, 2 when the files, the configuration or what they come to can't be used.`
}

// Run applies.
func (cmd *segmentsApply) Run(c console) error {
	return withDefinitions(c, cmd.deployment, func(ctx context.Context, r *definitionsReader) error {
		w, err := wantedIn(cmd.Files)
		if err != nil {
			return err
		}
		p, err := r.planFor(ctx, w)
		if err != nil {
			return err
		}
		return cmd.apply(ctx, r, p)
	})
}

type segmentsRollback struct {
	deployment

	Version int64 `arg:"" placeholder:"VERSION" help:"Version to go back to, of those that evaluator segments versions lists."`
	applying
}

// Help is shown by --help.
func (segmentsRollback) Help() string {
	return `Makes the definitions what they were with an older version, as a new version. It shows
what that changes and asks, as evaluator segments apply does. Catalogues stay as they are: of
them the newest table alone is kept.

    evaluator segments versions -c muster.yaml
    evaluator segments rollback 16 -c muster.yaml

Exit code: as of evaluator segments apply; 2 too when the version is not kept any more.`
}

// Run goes back.
func (cmd *segmentsRollback) Run(c console) error {
	return withDefinitions(c, cmd.deployment, func(ctx context.Context, r *definitionsReader) error {
		then, err := r.At(ctx, cmd.Version)
		if err != nil {
			return err
		}
		texts := map[string]string{}
		for id := range then {
			texts[id] = then[id].Text
		}
		p, err := r.planFor(ctx, &wanted{texts: texts})
		if err != nil {
			return err
		}
		return cmd.apply(ctx, r, p)
	})
}
