package observe

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.uber.org/zap"
)

// root is the repository's, from here.
const root = ".."

// described is a metric that a process may serve: its labels.
type described map[string][]string

var descriptions = regexp.MustCompile(`fqName: "([^"]*)".*variableLabels: \{([^}]*)\}`)

// everyMetric returns all that /metrics of a service, of insights and of a
// backfill can hold, whether anything was counted or not.
func everyMetric(t *testing.T) described {
	t.Helper()
	found := make(chan *prometheus.Desc)
	go func() {
		defer close(found)
		watch := New(zap.NewNop())
		watch.Insights(func() InsightsState { return InsightsState{} })
		watch.registry.Describe(found)
		(&backfillCollector{}).Describe(found)
	}()
	all := described{}
	for d := range found {
		parts := descriptions.FindStringSubmatch(d.String())
		if parts == nil {
			t.Fatalf("%s is not understood", d)
		}
		all[parts[1]] = strings.FieldsFunc(parts[2], func(r rune) bool { return r == ',' })
	}
	return all
}

// find returns the labels of a metric, or of the histogram that a series is of.
func (d described) find(series string) (found []string, ok bool) {
	for _, suffix := range []string{"", "_bucket", "_count", "_sum"} {
		if found, ok = d[strings.TrimSuffix(series, suffix)]; ok && strings.HasSuffix(series, suffix) {
			if suffix == "_bucket" {
				return append(slices.Clone(found), "le"), true
			}
			return found, true
		}
	}
	return nil, false
}

// given are the labels that Prometheus gives to whatever it reads.
var given = []string{"job", "instance", labels.MetricName}

// check refuses an expression that Prometheus can't read, one with a series
// that nobody serves, and one with a label that the series never has.
func (d described) check(expression string) error {
	parsed, err := parser.ParseExpr(expression)
	if err != nil {
		return err
	}
	known := slices.Clone(given)
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		own, found := d.find(selector.Name)
		if !found {
			err = fmt.Errorf("nobody serves %s", selector.Name)
			return err
		}
		known = append(known, own...)
		for _, m := range selector.LabelMatchers {
			if !slices.Contains(append(own, given...), m.Name) {
				err = fmt.Errorf("%s has no label %s", selector.Name, m.Name)
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if by, ok := node.(*parser.AggregateExpr); ok {
			for _, label := range by.Grouping {
				if !slices.Contains(known, label) {
					err = fmt.Errorf("nothing in it has a label %s", label)
				}
			}
		}
		return err
	})
	return err
}

// shown are the labels in a text that Prometheus or Grafana fills in.
var shown = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}`)

func TestAlertsAreOfMetricsThatAreServed(t *testing.T) {
	groups, problems := rulefmt.ParseFile(filepath.Join(root, "configs/prometheus/alerts.yaml"), false, model.UTF8Validation)
	for _, err := range problems {
		t.Error(err)
	}
	all, count := everyMetric(t), 0
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			count++
			if err := all.check(rule.Expr); err != nil {
				t.Errorf("%s: %v", rule.Alert, err)
			}
			if s := rule.Labels["severity"]; s != "critical" && s != "warning" {
				t.Errorf("%s has the severity %q", rule.Alert, s)
			}
			if err := heading(rule.Annotations["runbook"]); err != nil {
				t.Errorf("%s: %v", rule.Alert, err)
			}
		}
	}
	if count < 10 {
		t.Errorf("there are %d alerts", count)
	}
}

// heading refuses a place in a document that is not there.
func heading(place string) error {
	file, anchor, _ := strings.Cut(place, "#")
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		title := strings.TrimSpace(strings.TrimLeft(line, "#"))
		if strings.HasPrefix(line, "#") && strings.ReplaceAll(strings.ToLower(title), " ", "-") == anchor {
			return nil
		}
	}
	return fmt.Errorf("%s has no heading %q", file, anchor)
}

// dashboard is what is read of Grafana's file.
type dashboard struct {
	Panels []struct {
		Title   string
		Targets []struct{ Expr, LegendFormat string }
	}
}

func TestTheDashboardIsOfMetricsThatAreServed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "configs/grafana/muster.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	all, count := everyMetric(t), 0
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			count++
			expression := strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
			if err := all.check(expression); err != nil {
				t.Errorf("%s: %v", panel.Title, err)
			}
			for _, label := range shown.FindAllStringSubmatch(target.LegendFormat, -1) {
				if !strings.Contains(target.Expr, label[1]) && !all.labels(expression, label[1]) {
					t.Errorf("%s: its legend names %s, which the series has not", panel.Title, label[1])
				}
			}
		}
	}
	if count < 20 {
		t.Errorf("there are %d graphs", count)
	}
}

// labels reports whether a series of an expression has a label.
func (d described) labels(expression, label string) bool {
	parsed, err := parser.ParseExpr(expression)
	if err != nil {
		return false
	}
	has := slices.Contains(given, label)
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			own, _ := d.find(selector.Name)
			has = has || slices.Contains(own, label)
		}
		return nil
	})
	return has
}

// The test can fail: what is not served, and what nobody has, is refused.
func TestCheckRefuses(t *testing.T) {
	all := everyMetric(t)
	for expression, says := range map[string]string{
		"muster_raedy == 0":                              "nobody serves muster_raedy",
		"muster_lag_records{topic=\"x\"}":                "has no label topic",
		"sum by (topic) (muster_lag_records)":            "label topic",
		"muster_ready ==":                                "parse error",
		"sum by (le) (rate(muster_ready[5m]))":           "label le",
		"sum by (shard) (muster_segments)":               "label shard",
		"muster_changes_total{shard=\"1\",causes=\"x\"}": "has no label causes",
	} {
		err := all.check(expression)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

// namesakes look like metrics and are none: the header of a message in Kafka, and
// a field of the lines of make bench-peer.
var namesakes = []string{"muster_version", "muster_cpu_us_event"}

// TestEveryMetricIsDocumented, but for those of Go and the process, which
// their library documents.
func TestEveryMetricIsDocumented(t *testing.T) {
	var papers strings.Builder
	files, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		papers.Write(text)
	}
	all := everyMetric(t)
	for name := range all {
		if strings.HasPrefix(name, prefix) && !strings.Contains(papers.String(), name) {
			t.Errorf("%s is in none of the documents", name)
		}
	}
	for _, name := range regexp.MustCompile(prefix+`[a-z_]+[a-z]`).FindAllString(papers.String(), -1) {
		if _, ok := all.find(name); !ok && !slices.Contains(namesakes, name) {
			t.Errorf("the documents name %s, which nobody serves", name)
		}
	}
}
