package activation

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"muster/credentials"
	"muster/yamltree"
)

// What a destination has that its file does not say.
const (
	defaultBatch       = 1
	defaultConcurrency = 4
	defaultTimeout     = 10 * time.Second
)

// Bounds of what a file may say of a destination.
const (
	maxConcurrency = 256
	minTimeout     = 100 * time.Millisecond
	maxTimeout     = time.Minute
	maxSegments    = 1000 // entries of segments
	maxSecrets     = 4
	maxHeaders     = 32
	maxNetworks    = 64
)

// destinationKeys and webhookKeys are what a file can say of each.
var (
	destinationKeys = []string{"name", "webhook", "kafka", "segments", "format", "template", "batch", "batch_age", "concurrency", "rate", "coalesce",
		"initial", "traits"}
	webhookKeys = []string{"url", "secrets", "headers", "timeout", "ca_file", "allow_networks"}
)

// document reads one YAML document.
func (r *reading) document(n ast.Node) {
	r.mapping(n, theFile, []field{{"destinations", func(n ast.Node) {
		r.list(n, "destinations", "- name: crm and its other keys below", MaxDestinations, r.readDestination)
	}}})
}

func (r *reading) readDestination(n ast.Node) {
	r.destination = nameIn(n)
	defer func() { r.destination = "" }()
	d := Destination{Format: DefaultFormat, Batch: defaultBatch, Concurrency: defaultConcurrency}
	before, said := len(r.mistakes), map[string]bool{}
	var body, age, traits ast.Node // of the settings of these names, the body being the template
	read := []func(ast.Node){
		func(n ast.Node) { d.Name = r.readName(n) },
		func(n ast.Node) { d.Webhook = r.readWebhook(n) },
		func(n ast.Node) { d.Kafka = r.readKafka(n) },
		func(n ast.Node) { d.Segments, d.places = r.readSegments(n) },
		func(n ast.Node) { d.Format = r.format(n) },
		func(n ast.Node) { d.Template, body = r.text(n, "template"), n },
		func(n ast.Node) { d.Batch = r.whole(n, "batch", 1, MaxBatch) },
		func(n ast.Node) { d.BatchAge, age = r.duration(n, "batch_age", 0, MaxBatchAge), n },
		func(n ast.Node) { d.Concurrency = r.whole(n, "concurrency", 1, maxConcurrency) },
		func(n ast.Node) { d.Rate = r.rate(n) },
		func(n ast.Node) { d.Coalesce = r.truth(n, "coalesce") },
		func(n ast.Node) { d.Initial = r.initial(n) },
		func(n ast.Node) { d.Traits, traits = r.readTraits(n), n },
	}
	if !r.mapping(n, destination, fieldsOf(destinationKeys, read, said)) {
		return
	}
	r.missing(n, said)
	r.kafkaOnly(n, &d, said)
	if len(r.mistakes) == before {
		r.template(n, body, &d)
		r.traitsFit(traits, &d)
	}
	if d.BatchAge > 0 && d.Batch == 1 && len(r.mistakes) == before {
		r.wrong(age, "set batch to more than 1, or take batch_age out", "batch_age has nothing to wait for, as a batch of 1 is always full")
	}
	switch {
	case len(r.mistakes) > before:
	case len(r.destinations) == MaxDestinations:
		r.wrong(n, "take some out", "there are more than %d destinations in all files", MaxDestinations)
	default:
		d.choice = choose(d.Segments)
		r.destinations = append(r.destinations, d)
	}
}

// initial reads whether a destination begins with all members.
func (r *reading) initial(n ast.Node) bool {
	before := len(r.mistakes)
	text := r.text(n, "initial")
	if len(r.mistakes) == before && text != "all" && text != "none" {
		r.wrong(n, "write all to begin with a snapshot of the members, or none", "initial must be all or none, not %q", text)
	}
	return text == "all"
}

// missing tells of what a destination must say and does not.
func (r *reading) missing(n ast.Node, said map[string]bool) {
	if !said["name"] {
		r.wrong(n, "add name: with 1 to 64 of the characters a-z, 0-9 and -", "the destination has no name")
	}
	switch {
	case !said["webhook"] && !said["kafka"]:
		r.wrong(n, "add webhook: with url: and secrets: below it, or kafka: {topic: muster.memberships}", "the destination has neither webhook nor kafka")
	case said["webhook"] && said["kafka"]:
		r.wrong(n, "make two destinations of it", "the destination has webhook and kafka")
	}
	if !said["segments"] {
		r.wrong(n, `add segments: all, or a list as [vip, "churn-*"]`, "the destination does not say of which segments")
	}
}

// template tries a destination's format, which but for template can't fail.
func (r *reading) template(whole, body ast.Node, d *Destination) {
	switch {
	case d.Format == templated && body == nil:
		r.wrong(whole, `add template:, as template: '{"user": {{json .Profile}}, "in": {{.Entered}}}'`, "the format template needs a template")
		return
	case d.Format != templated && body != nil:
		r.wrong(body, "add format: template, or take the template out", "the format %s has no template", d.Format)
		return
	}
	var err error
	if d.format, err = d.formatOf(); err != nil {
		hint := "it is given one change, as .Profile, .Segment, .Entered, .Time, .Version, .Cause, .ID and .Traits; {{json .Profile}} writes a text with its quotes"
		if d.Batch > 1 {
			hint = "with batch it is given a list: {{range $i, $c := .}}{{if $i}},{{end}}{{json $c.Profile}}{{end}}"
		}
		r.wrong(body, hint, "%s", strings.TrimPrefix(err.Error(), "encoding a message: "))
	}
}

// fieldsOf pairs keys with what reads them, and notes which of them were said.
func fieldsOf(keys []string, read []func(ast.Node), said map[string]bool) []field {
	fields := make([]field, len(keys))
	for i, key := range keys {
		fields[i] = field{key, func(n ast.Node) { said[key] = true; read[i](n) }}
	}
	return fields
}

// nameIn finds the name ahead, so that mistakes in keys before it can name the
// destination too.
func nameIn(n ast.Node) string {
	values, _ := yamltree.Pairs(n)
	for _, v := range values {
		if text, ok := v.Value.(*ast.StringNode); ok && yamltree.Key(v) == "name" && isName(text.Value) {
			return text.Value
		}
	}
	return ""
}

func (r *reading) readName(n ast.Node) string {
	before := len(r.mistakes)
	name := r.text(n, "name")
	if len(r.mistakes) > before {
		return ""
	}
	if !isName(name) {
		r.wrong(n, "a name is 1 to 64 of the characters a-z, 0-9 and -", "the name %q can't be used", name)
		return ""
	}
	if first, ok := r.first[name]; ok {
		r.wrong(n, "give one of them another name", "the name is used twice; first at %s:%d", first.file, first.line)
		return ""
	}
	r.first[name] = r.placeOf(n)
	return name
}

func (r *reading) readWebhook(n ast.Node) Webhook {
	w := Webhook{Timeout: defaultTimeout}
	before, at := len(r.mistakes), map[string]place{}
	read := []func(ast.Node){
		func(n ast.Node) { w.URL = r.text(n, "url") },
		func(n ast.Node) { w.Secrets = r.readSecrets(n) },
		func(n ast.Node) { w.Headers = r.readHeaders(n) },
		func(n ast.Node) { w.Timeout = r.duration(n, "timeout", minTimeout, maxTimeout) },
		func(n ast.Node) { w.CAFile = r.beside(r.text(n, "ca_file")) },
		func(n ast.Node) {
			r.list(n, "allow_networks", "a list as [10.0.0.0/8]", maxNetworks, func(n ast.Node) {
				if network, ok := r.network(n); ok {
					w.AllowNetworks = append(w.AllowNetworks, network)
				}
			})
		},
	}
	for i, one := range read {
		read[i] = func(n ast.Node) { at[webhookKeys[i]] = r.placeOf(n); one(n) }
	}
	if r.mapping(n, webhook, fieldsOf(webhookKeys, read, map[string]bool{})) && len(r.mistakes) == before && r.check != nil {
		r.checked("webhook", webhookKeys, r.check(w), r.placeOf(n), at)
	}
	return w
}

// checked tells of what the check of a webhook or a kafka has found, each where
// the setting stands that it begins with.
func (r *reading) checked(what string, keys []string, err error, whole place, at map[string]place) {
	if err == nil {
		return
	}
	for _, one := range joined(err) {
		where := whole
		for _, key := range keys {
			if found, ok := at[key]; ok && begins(one.Error(), key) {
				where = found
			}
		}
		r.wrongAt(where.line, where.column, "", "%s: %s", what, one)
	}
}

// joined returns the errors that errors.Join has made one of.
func joined(err error) (all []error) {
	var several interface{ Unwrap() []error }
	if !errors.As(err, &several) || errors.Join(several.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	for _, one := range several.Unwrap() {
		all = append(all, joined(one)...)
	}
	return all
}

// begins reports whether a text begins with a word, or with a key below it.
func begins(text, word string) bool {
	return len(text) > len(word) && text[:len(word)] == word && strings.IndexByte(": .", text[len(word)]) >= 0
}

// readSegments reads which segments a destination asks for, and where each
// entry stands.
func (r *reading) readSegments(n ast.Node) (entries []string, places []place) {
	if text, ok := n.(*ast.StringNode); ok && text.Value == everySegment {
		return []string{everySegment}, []place{r.placeOf(n)}
	}
	seen := map[string]bool{}
	each := func(n ast.Node) {
		before := len(r.mistakes)
		entry := r.text(n, "an entry of segments")
		if len(r.mistakes) > before {
			return
		}
		if message, hint := flawOf(entry); message != "" {
			r.wrong(n, hint, "%s", message)
			return
		}
		if seen[entry] {
			r.wrong(n, "keep one of them", "segments has %s twice", entry)
			return
		}
		seen[entry] = true
		entries, places = append(entries, entry), append(places, r.placeOf(n))
	}
	example := `all, or a list as [vip, "churn-*"]`
	if !r.list(n, "segments", example, maxSegments, each) {
		return nil, nil
	}
	if list, ok := n.(*ast.SequenceNode); ok && len(list.Values) == 0 {
		r.wrong(n, "write "+example, "segments is empty, so nothing would be sent")
	}
	if seen[everySegment] && len(entries) > 1 {
		r.wrong(n, "write segments: all, or the list without it", "segments has all and others beside it")
	}
	return entries, places
}

func (r *reading) readHeaders(n ast.Node) map[string]credentials.Secret {
	values, ok := yamltree.Pairs(n)
	if !ok {
		r.wrong(n, plainHint(n, "write each as X-Team: growth"), "headers must be a mapping")
		return nil
	}
	if len(values) > maxHeaders {
		r.wrong(n, "take some out", "headers has %d entries; it may have %d", len(values), maxHeaders)
		return nil
	}
	headers := make(map[string]credentials.Secret, len(values))
	for _, pair := range values {
		name := yamltree.Key(pair)
		if _, twice := headers[name]; twice {
			r.wrong(pair.Key, "keep one of them", "the header %s stands twice", name)
			continue
		}
		what := fmt.Sprintf("the header %s", name)
		if _, from := yamltree.Pairs(pair.Value); from {
			headers[name] = r.secret(pair.Value, what)
		} else {
			headers[name] = credentials.NewSecret(r.text(pair.Value, what))
		}
	}
	return headers
}
