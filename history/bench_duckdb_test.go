package history

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"muster/test/kit/duckdb"
)

// bigSpenders and fans are segments of one event within a window; the second
// reads no more than the first.
const (
	bigSpenders = `sum(events("Order Completed", "60d"), .value) >= 90`
	fans        = `count(events("Order Completed", "30d"), .value >= 10) >= 2`
)

// The same segments as queries over a relation of events. Repeats count once,
// and what arrives after as-of, %[2]s, not at all.
const (
	spendersSQL = `SELECT profile FROM (SELECT DISTINCT profile, id, value FROM %[1]s
		WHERE type = 'track' AND event = 'Order Completed' AND arrival <= %[2]s AND time > %[2]s - INTERVAL 60 DAY)
		GROUP BY profile HAVING sum(value) >= 90`
	fansSQL = `SELECT profile FROM (SELECT DISTINCT profile, id FROM %[1]s
		WHERE type = 'track' AND event = 'Order Completed' AND arrival <= %[2]s AND time > %[2]s - INTERVAL 30 DAY AND value >= 10)
		GROUP BY profile HAVING count(*) >= 2`
)

// team is how a data team computes members by DuckDB over the objects of a
// yard, with as many threads as a backfill has workers.
type team struct {
	*yard
	command  *duckdb.Command
	database string
	asOf     string // as SQL
}

// objects is the relation of all events, read of the objects.
func (q *team) objects() string {
	return `(SELECT userId AS profile, messageId AS id, type, event, "timestamp" AS time, receivedAt AS arrival, properties.value AS value
		FROM read_json(` + duckdb.Quote(filepath.Join(q.folder, "*", "*.json.gz")) + `, format = 'newline_delimited', columns = {
		userId: 'VARCHAR', messageId: 'VARCHAR', type: 'VARCHAR', event: 'VARCHAR', "timestamp": 'TIMESTAMP', receivedAt: 'TIMESTAMP',
		properties: 'STRUCT(value DECIMAL(18, 2))'}))`
}

// spent is what something took: time, and that of all processors, in seconds.
// Where others use the machine, only the second can be compared.
type spent struct{ wall, cpu float64 }

// spend notes what do takes, by the clock of this process or of its children.
func spend(b *testing.B, whose int, do func()) spent {
	b.Helper()
	began, had := time.Now(), cpuOf(b, whose)
	do()
	return spent{time.Since(began).Seconds(), (cpuOf(b, whose) - had).Seconds()}
}

func (s spent) plus(more spent) spent { return spent{s.wall + more.wall, s.cpu + more.cpu} }

// report reports it, and its ratio to each other one.
func (s spent) report(b *testing.B, name string, others map[string]spent) {
	b.Helper()
	b.ReportMetric(s.wall, name+"_s")
	b.ReportMetric(s.cpu, name+"_cpu_s")
	for of, other := range others {
		b.ReportMetric(s.wall/other.wall, name+"_of_"+of)
		b.ReportMetric(s.cpu/other.cpu, name+"_cpu_of_"+of)
	}
}

// run runs a statement.
func (q *team) run(b *testing.B, sql string) (rows [][]string, took spent) {
	b.Helper()
	var err error
	took = spend(b, syscall.RUSAGE_CHILDREN, func() {
		rows, err = q.command.Run(b.Context(), q.database, runtime.GOMAXPROCS(0), sql)
	})
	if err != nil {
		b.Fatal(err)
	}
	return rows, took
}

// members writes the members of a segment as Parquet, of a relation.
func (q *team) members(b *testing.B, sql, relation, path string) spent {
	b.Helper()
	_, took := q.run(b, fmt.Sprintf("COPY ("+sql+") TO "+duckdb.Quote(path)+" (FORMAT parquet, COMPRESSION zstd)", relation, q.asOf))
	return took
}

// compare has DuckDB read two files of members, which must be the same, and
// returns how many they are.
func (q *team) compare(b *testing.B, own, theirs string) float64 {
	b.Helper()
	own, theirs = duckdb.Quote(own), duckdb.Quote(theirs)
	rows, _ := q.run(b, "SELECT (SELECT count(*) FROM "+own+"), (SELECT count(*) FROM "+theirs+
		"), (SELECT count(*) FROM (SELECT profile FROM "+own+" INTERSECT SELECT profile FROM "+theirs+"))")
	if rows[0][0] != rows[0][1] || rows[0][0] != rows[0][2] || rows[0][0] == "0" {
		b.Fatalf("the members are %s, those of DuckDB %s, and %s are common", rows[0][0], rows[0][1], rows[0][2])
	}
	var n float64
	if _, err := fmt.Sscan(rows[0][0], &n); err != nil {
		b.Fatal(err)
	}
	return n
}

// backfillOne backfills one segment into Parquet and returns the file of its
// members.
func backfillOne(b *testing.B, y *yard, dir, id, rule string) (path string, took spent) {
	b.Helper()
	r := y.request(b, 1, y.days)
	r.Set, r.Members, r.ReadIDs = compileTexts(b, map[string]string{id: rule}), Parquet, true
	c := config(dir, runtime.GOMAXPROCS(0))
	c.SortBytes = DefaultConfig().SortBytes
	took = spend(b, syscall.RUSAGE_SELF, func() {
		path = filepath.Join(perform(b, r, c).Folder, "members", id+".parquet")
	})
	return path, took
}

// BenchmarkDuckDB holds a backfill of one segment against the same members by
// DuckDB over the same objects, of which one was delivered twice, with as many
// threads as workers: a first sorted run, and a second for another segment whose
// columns are there. DuckDB reads the objects each time, or else first makes a
// table of what both segments read. Ratios are of the backfill to DuckDB.
func BenchmarkDuckDB(b *testing.B) {
	command, err := duckdb.Install(b.Context())
	if err != nil {
		skip(b, err)
	}
	y := &yard{folder: b.TempDir(), days: 90, perDay: 5000, customers: 10_000}
	y.lay(b, 0, y.days)
	deliverAgain(b, y, 80)
	for b.Loop() {
		out, dir := b.TempDir(), b.TempDir()
		q := &team{yard: y, command: command, asOf: "TIMESTAMP " + duckdb.Quote(time.UnixMilli(y.request(b, 1, y.days).AsOf).UTC().Format("2006-01-02 15:04:05.000"))}
		q.database = filepath.Join(out, "team.duckdb")
		theirs := filepath.Join(out, "theirs.parquet")

		own, first := backfillOne(b, y, dir, "spenders", bigSpenders)
		duckFirst := q.members(b, spendersSQL, q.objects(), theirs)
		members := q.compare(b, own, theirs)
		own, second := backfillOne(b, y, dir, "fans", fans)
		duckSecond := q.members(b, fansSQL, q.objects(), theirs)
		q.compare(b, own, theirs)

		_, tableFirst := q.run(b, "CREATE TABLE events AS SELECT * FROM "+q.objects()+" WHERE event = 'Order Completed'")
		tableFirst = tableFirst.plus(q.members(b, spendersSQL, "events", theirs))
		tableSecond := q.members(b, fansSQL, "events", theirs)
		q.compare(b, own, theirs)

		b.ReportMetric(float64(y.days*y.perDay), "events")
		b.ReportMetric(members, "members")
		first.report(b, "first", map[string]spent{"duckdb": duckFirst, "table": tableFirst})
		second.report(b, "second", map[string]spent{"duckdb": duckSecond, "table": tableSecond})
	}
}

// deliverAgain has a day's object stand under a second key too.
func deliverAgain(b *testing.B, y *yard, day int) {
	b.Helper()
	path := filepath.Join(y.folder, yardBegan.AddDate(0, 0, day).Format(time.DateOnly), "events.json.gz")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(filepath.Join(filepath.Dir(path), "again.json.gz"), text, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// skip ends a benchmark that can't run, with a line that says why.
func skip(b *testing.B, why error) {
	b.Helper()
	say(b, "skipped", why.Error())
	b.Skip(why)
}

// say writes a line of JSON where make bench reads results.
func say(b *testing.B, key, text string) {
	b.Helper()
	line, err := json.Marshal(map[string]string{"bench": "backfill/" + b.Name()[len("Benchmark"):], key: text})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		b.Fatal(err)
	}
}
