package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"muster/config"
	"muster/history"
	"muster/history/archive"
	"muster/history/files"
	"muster/rules"
	"muster/service"
)

var errNoSegments = unusable(errors.New("which segments is history for? Name their file or folder with -f"))

// backfillCommand replays archives of events.
type backfillCommand struct {
	Start  backfillStart  `cmd:"" help:"Bring an archive into a running service, or tell who is in which segment at an instant."`
	Keep   backfillKeep   `cmd:"" help:"Bring history by itself for segments with backfill: auto, whenever they want some."`
	Plan   backfillPlan   `cmd:"" help:"Cut a request into tasks, for many machines."`
	Task   backfillTask   `cmd:"" help:"Do one task of a plan."`
	Gather backfillGather `cmd:"" help:"Write what comes out, once all tasks of a plan are done."`
	Worker backfillWorker `cmd:"" help:"Do tasks of requests that were started with --engine temporal."`
	List   backfillList   `cmd:"" help:"List the requests of a work directory."`
	Status backfillStatus `cmd:"" help:"Show how far a request is, and what came of it."`
	Cancel backfillCancel `cmd:"" help:"Stop a request; what was made stays."`
	Resume backfillResume `cmd:"" help:"Go on with a request that was killed, cancelled, or failed."`
	Clean  backfillClean  `cmd:"" help:"Remove from a work directory what no request has used for a while."`
	Graph  backfillGraph  `cmd:"" help:"Draw what a start would do: what is there, what would be made, and why."`
}

// Help is shown by --help.
func (backfillCommand) Help() string {
	return `A backfill replays an archive of events, in S3 or in a folder, through the engine that
runs live. See docs/backfill.md, and docs/archives.md for what can be read.

What start is asked for is a request, and its work directory knows it by its id:

    evaluator backfill start ... --work work   # prints how far it is, on a terminal
    evaluator backfill status --work work --watch
    evaluator backfill cancel 3f2a --work work
    evaluator backfill resume 3f2a --work work`
}

// backfillRequest are the flags that say what is asked for.
type backfillRequest struct {
	Config   string  `short:"c" placeholder:"FILE" help:"Configuration file: of the service, and for the section archive and the limits of pipeline. Default, with --dry-run: every setting's default."`
	Segments string  `short:"f" placeholder:"FILE|DIR" help:"Segment file, or folder of *.yaml files."`
	Archive  string  `placeholder:"LOCATION" help:"s3://bucket/prefix, file:///folder or a folder. Default: archive.location of the configuration."`
	Layout   string  `placeholder:"NAME" help:"segment, rudderstack, confluent, firehose or glob. Default: archive.layout of the configuration."`
	Match    string  `placeholder:"PATTERN" help:"Keys that layout glob reads, as events/{yyyy}/{mm}/{dd}/*.gz."`
	Work     string  `required:"" placeholder:"LOCATION" help:"Work directory: a folder, or s3://bucket/prefix. What is there is not made again."`
	AsOf     instant `placeholder:"TIME" help:"With --dry-run, replay what arrived up to this time, as 2026-11-21T10:00:00Z."`
	From     string  `placeholder:"DAY" help:"Leave out objects of days before this one, as 2025-11-21."`
	To       string  `placeholder:"DAY" help:"Leave out objects of days after this one."`
	OnError  string  `enum:"fail,skip" default:"fail" help:"What to do about objects that can't be read: ${enum}. What of them can be read counts with skip."`
	ReadIDs  bool    `name:"read-ids" help:"Keep messageIds only of events that segments read, for a smaller work directory."`
	Workers  int     `placeholder:"N" help:"Objects or profiles to work on at a time. Default: the number of processors."`
	Memory   int     `default:"64" placeholder:"MB" help:"Memory that each worker sorts events in, 1 to 4096 MB."`
	Relist   bool    `help:"List the archive again, although an unfinished start of this request has done so."`

	members history.MemberFormat // of who writes members
}

// segments reads those that history is for.
func (r *backfillRequest) segments() (*rules.Set, error) {
	if r.Segments == "" {
		return nil, errNoSegments
	}
	return loadSegments(r.Segments)
}

// open reads what the flags name and makes a backfill of it.
func (r *backfillRequest) open(ctx context.Context) (*history.Backfill, error) {
	cfg := config.Default()
	if r.Config != "" {
		var err error
		if cfg, err = readConfig(r.Config); err != nil {
			return nil, err
		}
	}
	if r.AsOf == 0 {
		return nil, unusable(errors.New("up to when is to be replayed? Name it with --as-of TIME, as 2026-11-21T10:00:00Z"))
	}
	set, err := r.segments()
	if err != nil {
		return nil, err
	}
	request, err := r.request(ctx, cfg, set)
	if err != nil {
		return nil, err
	}
	c, err := r.config(ctx, cfg.Archive)
	if err != nil {
		return nil, err
	}
	b, err := history.New(request, c)
	if err != nil {
		return nil, unusable(err)
	}
	return b, nil
}

// request reads what the flags and a configuration say of the archive.
func (r *backfillRequest) request(ctx context.Context, cfg config.Config, set *rules.Set) (*history.Request, error) {
	if err := r.override(&cfg.Archive); err != nil {
		return nil, unusable(err)
	}
	request := &history.Request{Archive: cfg.Archive, AsOf: int64(r.AsOf), Set: set, Limits: cfg.Pipeline, ReadIDs: r.ReadIDs, OnError: history.OnError(r.OnError)}
	request.Members = r.members
	var problems [2]error
	request.From, problems[0] = readDay("from", r.From)
	request.To, problems[1] = readDay("to", r.To)
	if err := errors.Join(problems[:]...); err != nil {
		return nil, unusable(err)
	}
	if cfg.Archive.Location == "" {
		return nil, unusable(errors.New("there is no archive: name it with --archive LOCATION, or a configuration that has one with -c FILE"))
	}
	var err error
	if request.Layout, err = archive.NewLayout(cfg.Archive); err != nil {
		return nil, unusable(err)
	}
	if request.Bucket, request.Prefix, err = archive.OpenBucket(ctx, cfg.Archive.Location, cfg.Archive); err != nil {
		return nil, unusable(err)
	}
	return request, nil
}

// override puts flags in the place of settings.
func (r *backfillRequest) override(c *archive.Config) error {
	for _, one := range []struct {
		flag    string
		setting *string
	}{{r.Archive, &c.Location}, {r.Layout, &c.Layout}, {r.Match, &c.Match}} {
		if one.flag != "" {
			*one.setting = one.flag
		}
	}
	folder, err := filepath.Abs(".") // other machines don't know where this is
	c.Resolve(folder)
	return err
}

// config says how it is done. A work directory in a bucket is reached as the
// archive's settings say.
func (r *backfillRequest) config(ctx context.Context, reach archive.Config) (history.Config, error) {
	c := history.DefaultConfig()
	c.Dir, c.SortBytes, c.Anew = r.Work, r.Memory<<20, r.Relist
	if r.Workers != 0 {
		c.Workers = r.Workers
	}
	if !files.IsBucket(r.Work) {
		return c, nil
	}
	bucket, err := files.OpenBucket(ctx, r.Work, reach)
	if err != nil {
		return c, bucketError(err)
	}
	c.Files = bucket
	return c, nil
}

// bucketError tells the bucket of a work directory that can't be used from one
// that can't be reached now.
func bucketError(err error) error {
	if errors.Is(err, files.ErrLocation) || errors.Is(err, archive.ErrMissing) || errors.Is(err, archive.ErrDenied) {
		return unusable(err)
	}
	return err
}

// readDay reads a day, the zero time of "".
func readDay(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s: %q is not a day; write it as 2026-11-21", flag, text)
	}
	return at, nil
}

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

// backfillError tells an archive that can't be used from what else fails.
func backfillError(err error) error {
	if errors.Is(err, history.ErrNothing) {
		return unusable(err)
	}
	return err
}

// backfillGraph draws what a start would do.
type backfillGraph struct {
	ID string `arg:"" optional:"" help:"Id of a request of the work directory, or how it begins, in place of the flags that say what is asked for."`
	backfillRequest
	Output string `enum:"mermaid,dot,json" default:"mermaid" help:"Language of the drawing: ${enum}."`
}

// Help is shown by --help.
func (backfillGraph) Help() string {
	return `Draws what a start with the same flags depends on: which parts are there, which would be
made, and why. It lists the archive and reads nothing else of it. With the id of a request, which
may be running, it needs no flags but --work, and -c where that is a bucket: it draws what the
request was planned to do, and what of it is there by now.

Examples:

    evaluator backfill graph -f segments/ --archive ./events --work work \
      --as-of 2026-11-21T00:00:00Z --output dot | dot -Tsvg > graph.svg
    evaluator backfill graph 3f2a --work work`
}

// Run draws.
func (cmd *backfillGraph) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	draw := cmd.asked
	if cmd.ID != "" {
		draw = cmd.known
	}
	outline, err := draw(ctx)
	if err != nil {
		return err
	}
	switch cmd.Output {
	case "dot":
		_, err = io.WriteString(c.out, outline.DOT())
	case "json":
		return printJSON(c.out, outline)
	default:
		_, err = io.WriteString(c.out, outline.Mermaid())
	}
	return wrap("writing output", err)
}

// asked outlines what the flags ask for.
func (cmd *backfillGraph) asked(ctx context.Context) (*history.Outline, error) {
	b, err := cmd.open(ctx)
	if err != nil {
		return nil, err
	}
	outline, err := b.Outline(ctx)
	return outline, backfillError(err)
}

// known outlines a request of the work directory.
func (cmd *backfillGraph) known(ctx context.Context) (*history.Outline, error) {
	if cmd.Segments != "" || cmd.Archive != "" || cmd.AsOf != 0 {
		return nil, unusable(errors.New("a request that is named by its id knows its segments, archive and as-of: leave out -f, --archive and --as-of"))
	}
	named := backfillNamed{ID: cmd.ID, backfillWork: backfillWork{Config: cmd.Config, Work: cmd.Work}}
	requests, err := named.open(ctx)
	if err != nil {
		return nil, err
	}
	e, err := named.find(ctx, requests)
	if err != nil {
		return nil, err
	}
	reach, err := named.reach()
	if err != nil {
		return nil, err
	}
	return service.OutlineBackfill(ctx, e, reach)
}
