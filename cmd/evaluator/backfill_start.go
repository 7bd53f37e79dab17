package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"muster/history"
)

// backfillStart runs a backfill.
type backfillStart struct {
	backfillRequest
	publishFlags   `group:"Into a running service"`
	backfillEngine `group:"Who does a dry run"`
	backfillTurn   `group:"When and how it is watched"`

	DryRun bool   `help:"Write member files and a summary, as of --as-of, and change nothing of a service."`
	Plan   bool   `help:"Only tell what would be read and made, and why, and by a sample what it comes to."`
	Format string `enum:"ndjson,parquet" default:"ndjson" help:"Format of the files of members that --dry-run writes: ${enum}."`
	Sample int    `default:"8" placeholder:"N" help:"Objects that --plan reads as a sample, 0 to 100; they are not read again. Default: 8."`
	Output string `enum:"text,json" default:"text" help:"How to print the report: ${enum}."`
}

// Help is shown by --help.
func (backfillStart) Help() string {
	return `Reads an archive of events once and brings what follows into the running service of -c:
its shards take history in while they go on with their records, so that no event counts
twice and none is missed. The evaluators must run, by the very files of -f.

    evaluator backfill start -c muster.yaml -f segments/ --archive s3://acme/events \
      --layout segment --work /var/tmp/backfill

It opens a seam in each shard, waits for --settle until the archive has whatever arrived
before, reads it, gives each profile a patch as quickly as the evaluators take them, and
closes the seams. THE ARCHIVE MUST BE WHOLE, from as long ago as the segments look back:
what a profile has of their events is replaced by what the archive has. Killed or stopped
at any point, the same command goes on where it was. See docs/backfill.md.

With --dry-run it changes no service, and tells who is in which segment at --as-of. The
result is in the work directory:

    requests/ID/members/SEGMENT.ndjson   a line {"profile":"u1"} for each member; with --format
                                         parquet SEGMENT.parquet, with a column profile
    requests/ID/sketches/SEGMENT.hll     a HyperLogLog of the members, as a value of Redis
    requests/ID/summary.json             counts, of segments and events
    requests/ID/dead.ndjson              what can't be used, with object, line and reason

The work directory also keeps what was made on the way: of each object a sorted run of
what the segments read, and the profiles as of --as-of. A later start with other segments
reads the archive only if these ask for something that was not kept, one with a later
--as-of reads only objects that are new, and one that was killed goes on where it was.

Equal requests are one: a second start says who is at it. At most --max-running requests
of a work directory run at a time; others wait, those of the highest --priority first. Those
that wait for the same archive share one reading of it.

Arrival is receivedAt, else what the archive tells, else the event's own time. Limits of
events and profiles are those of the configuration, so that windows of very active
customers are as exact as in the service.

Examples:

    # one new segment; the archive is complete an hour after the fact
    evaluator backfill start -c muster.yaml -f segments/ --segment vip --settle 1h \
      --archive s3://acme/events --layout segment --work /var/tmp/backfill

    # what would be read, and why, and how long would it take?
    evaluator backfill start --dry-run --plan -f segments/ --archive s3://acme/events \
      --layout segment --work /var/tmp/backfill --as-of 2026-11-21T00:00:00Z

    # a folder, a year of it, with four workers
    evaluator backfill start --dry-run -f vip.yaml --archive ./events \
      --match '{yyyy}-{mm}-{dd}/*.gz' --from 2025-11-21 --work work \
      --as-of 2026-11-21T00:00:00Z --workers 4 --output json

    # by the workers of a Temporal server, which share the work directory
    evaluator backfill start --dry-run -f segments/ --archive s3://acme/events \
      --layout segment --work /shared/work --as-of 2026-11-21T00:00:00Z \
      --engine temporal --temporal-address temporal:7233 --tasks 40

Exit code: 0 when all is done, 1 when an object can't be read, something fails, or another
process is at the same request, 2 when the segments, the archive, the command line or what
Kafka and Redis hold can't be used.`
}

// Run does the backfill, or tells what it would do.
func (cmd *backfillStart) Run(c console) error {
	if !cmd.DryRun && !cmd.pool() {
		return unusable(errors.New("--engine is about dry runs: a running service is given history by this process; add --dry-run"))
	}
	if cmd.Sample < 0 || cmd.Sample > history.MaxSample {
		return unusable(fmt.Errorf("--sample is %d; it must be between 0 and %d", cmd.Sample, history.MaxSample))
	}
	if !cmd.DryRun {
		return cmd.publish(c, nil)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cmd.members = history.MemberFormat(cmd.Format)
	b, err := cmd.open(ctx)
	if err != nil {
		return err
	}
	if cmd.Plan {
		return cmd.plan(ctx, c, b)
	}
	asked, err := cmd.asked(b.Request())
	if err != nil {
		return err
	}
	return cmd.perform(ctx, c, b, asked)
}

// plan tells what a start would do.
func (cmd *backfillStart) plan(ctx context.Context, c console, b *history.Backfill) error {
	outline, err := b.Outline(ctx)
	if err != nil {
		return backfillError(err)
	}
	if cmd.Sample > 0 {
		if err := b.Sample(ctx, outline, cmd.Sample); err != nil {
			return fmt.Errorf("%w; --sample 0 does without", err)
		}
	}
	return printOutline(c.out, outline, cmd.Output)
}
