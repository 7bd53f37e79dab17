package activation

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/credentials"
)

const whole = `
destinations:
  - name: crm
    webhook:
      url: https://example.com/hooks/muster
      secrets: [{env: MUSTER_CRM_SECRET}, {file: crm.secret}]
      headers: {X-Team: growth, Authorization: {env: MUSTER_CRM_KEY}}
      timeout: 15s
      ca_file: ca.pem
      allow_networks: [10.0.0.0/8, "fd00::/8"]
    segments: [vip, "churn-*"]
    format: mparticle
    batch: 100
    concurrency: 8
    rate: 0.5
    coalesce: true
    batch_age: 250ms
    initial: all
  - name: lake
    segments: all
    kafka:
      brokers: [kafka-1:9092, "kafka-2:9092"]
      topic: audiences
      members_topic: audiences.members
      tls: {server_name: kafka}
      sasl: {mechanism: PLAIN, username: muster, password: {env: MUSTER_CRM_KEY}}
      timeout: 20s
    batch: 3
    initial: none
  - {name: here, segments: all, kafka: {}}
  - name: small
    webhook: {url: http://localhost}
    segments: all
`

func TestRead(t *testing.T) {
	t.Setenv("MUSTER_CRM_SECRET", "whsec_one")
	t.Setenv("MUSTER_CRM_KEY", "Basic eA==")
	folder := t.TempDir()
	write(t, folder, "crm.secret", "whsec_two\n")
	got, err := Read(write(t, folder, "d.yaml", "\ufeff# ours\n"+whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i].places, got[i].choice, got[i].format = nil, nil, Format{}
	}
	want := []Destination{{
		Name: "crm", Segments: []string{"vip", "churn-*"}, Format: "mparticle", Batch: 100, Concurrency: 8, Rate: 0.5, Coalesce: true, BatchAge: 250 * time.Millisecond,
		Initial: true,
		Webhook: Webhook{
			URL:     "https://example.com/hooks/muster",
			Secrets: []credentials.Secret{credentials.NewSecret("whsec_one"), credentials.NewSecret("whsec_two")},
			Headers: map[string]credentials.Secret{"X-Team": credentials.NewSecret("growth"), "Authorization": credentials.NewSecret("Basic eA==")},
			Timeout: 15 * time.Second, CAFile: filepath.Join(folder, "ca.pem"),
			AllowNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		},
	}, {
		Name: "lake", Segments: []string{"all"}, Format: "muster", Batch: 3, Concurrency: 1, Kafka: &Kafka{
			Brokers: []string{"kafka-1:9092", "kafka-2:9092"}, Topic: "audiences", MembersTopic: "audiences.members",
			TLS:     credentials.TLS{Enabled: true, ServerName: "kafka"},
			SASL:    credentials.SASL{Mechanism: "PLAIN", Username: "muster", Password: credentials.NewSecret("Basic eA==")},
			Timeout: 20 * time.Second,
		},
	}, {
		Name: "here", Segments: []string{"all"}, Format: "muster", Batch: 500, Concurrency: 1,
		Kafka: &Kafka{Topic: "muster.memberships", Timeout: 10 * time.Second},
	}, {
		Name: "small", Segments: []string{"all"}, Format: "muster", Batch: 1, Concurrency: 4,
		Webhook: Webhook{URL: "http://localhost", Timeout: 10 * time.Second},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if text := fmt.Sprintf("%+v", got); strings.Contains(text, "whsec_") {
		t.Errorf("a secret shows in %s", text)
	}
}

// TestReadFolder has the order of files, and names that are unique over all.
func TestReadFolder(t *testing.T) {
	folder := t.TempDir()
	if _, err := Read(folder, nil); err == nil || !strings.Contains(err.Error(), "holds no *.yaml or *.yml file") {
		t.Errorf("an empty folder: %v", err)
	}
	named := func(name string) string { return strings.Replace(usable, "crm", name, 1) }
	write(t, folder, "b.yml", named("two"))
	write(t, folder, "a.yaml", named("one"))
	write(t, folder, "c.yaml", "# none yet\n")
	write(t, folder, "d.txt", "not read: [")
	if err := os.Mkdir(filepath.Join(folder, "e.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	got, err := Read(folder, nil)
	if err != nil || len(got) != 2 || got[0].Name != "one" || got[1].Name != "two" {
		t.Errorf("read %+v, error %v", got, err)
	}
	last := write(t, folder, "z.yaml", named("one"))
	_, err = Read(folder, nil)
	want := last + ":2:11: destination one: the name is used twice; first at " + filepath.Join(folder, "a.yaml") + ":2\n    hint: give one of them another name"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, err := Read(filepath.Join(folder, "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
}

// TestReadTooMany has the bound over files; that of one file is a list's.
func TestReadTooMany(t *testing.T) {
	folder := t.TempDir()
	for i := range MaxDestinations + 1 {
		write(t, folder, fmt.Sprintf("%03d.yaml", i), strings.Replace(usable, "crm", fmt.Sprint("d-", i), 1))
	}
	_, err := Read(folder, nil)
	want := filepath.Join(folder, "100.yaml") + ":2:5: destination d-100: there are more than 100 destinations in all files\n    hint: take some out"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestCheck has each mistake of a webhook at the setting that it is about.
func TestCheck(t *testing.T) {
	text := "destinations:\n  - name: crm\n    segments: all\n    webhook:\n      headers: {A: b}\n      url: ftp://x\n"
	file := write(t, t.TempDir(), "d.yaml", text)
	var asked []Webhook
	check := func(w Webhook) error {
		asked = append(asked, w)
		return errors.Join(errors.New("url: ftp is not http"), errors.New("headers: A is not allowed"), errors.New("secrets: there is none"))
	}
	_, err := Read(file, check)
	want := file + ":5:7: destination crm: webhook: secrets: there is none\n" +
		file + ":5:16: destination crm: webhook: headers: A is not allowed\n" +
		file + ":6:12: destination crm: webhook: url: ftp is not http"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if len(asked) != 1 || asked[0].URL != "ftp://x" {
		t.Errorf("asked about %+v", asked)
	}
	if _, err := Read(file, func(Webhook) error { return nil }); err != nil {
		t.Errorf("a webhook that is right: %v", err)
	}
	asked = nil
	if _, err := Read(write(t, t.TempDir(), "d.yaml", webhookWith("timeout: 1")), check); err == nil || len(asked) > 0 {
		t.Errorf("asked about %+v of a wrong form; error %v", asked, err)
	}
}

// FuzzRead demands of any text that it is read without a panic and soon, that
// each mistake has a line of it, and that what is taken has its bounds.
func FuzzRead(f *testing.F) {
	f.Add(whole)
	for _, c := range unusable {
		f.Add(c.text)
	}
	for _, seed := range []string{
		"", "null", "[]", "---\n...\n---\n", "destinations: &a [*a]", "destinations: {<<: {name: x}}", "? [destinations]\n: x\n", "destinations: !!binary aGVsbG8=\n",
		strings.Repeat("{a: ", 200), strings.Repeat("- ", 200), "destinations:\n- ? name\n", "destinations:\n- name: |\n    a\n  segments: [|\n", "destinations: [{name: \"\\ud800\"}]",
		"destinations:\n - {name: a, webhook: {headers: {? : }}}\n", "destinations:\n - webhook: {<<: x, timeout: !!int 3}\n", "1: 2\n? \n",
	} {
		f.Add(seed)
	}
	timeout := func(d *Destination) time.Duration {
		if d.Kafka != nil {
			return d.Kafka.Timeout
		}
		return d.Webhook.Timeout
	}
	f.Fuzz(func(t *testing.T, text string) {
		late := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("no answer to %q", text)) })
		defer late.Stop()
		all := &reading{
			check:  func(w Webhook) error { return nil },
			lookup: func(name string) (string, bool) { return "x", name != "NONE" },
			first:  map[string]place{},
		}
		all.file("d.yaml", []byte(text))
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
		for _, m := range all.mistakes {
			if m.Line < 1 || m.Line > lines || m.Column < 1 || m.Message == "" {
				t.Errorf("%+v is not in a text of %d lines", m, lines)
			}
		}
		if len(all.mistakes) > 0 {
			_ = all.mistakes.err().Error()
			return
		}
		for _, d := range all.destinations {
			if !isName(d.Name) || len(d.Segments) == 0 || d.Batch < 1 || d.Batch > MaxBatch || d.Concurrency < 1 || timeout(&d) < minTimeout {
				t.Errorf("taken: %+v", d)
			}
		}
	})
}
