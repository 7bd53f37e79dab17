package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Audience is one row of a Table.
type Audience struct {
	ID   string
	Name string
}

// Table shows audiences as they move: redrawn in place on a terminal, as a
// line at a time elsewhere.
type Table struct {
	// Audiences are the rows, in their order. Others may take their place.
	Audiences []Audience

	out       io.Writer
	terminal  bool
	told      string             // of the sweep, last
	sizes     map[string][]int64 // the last sparkWidth sizes
	drawn     int                // lines to go back over
	last      time.Time
	committed int // at last
}

// NewTable returns a table without rows.
func NewTable(out io.Writer, terminal bool) *Table {
	return &Table{out: out, terminal: terminal, sizes: map[string][]int64{}, last: time.Now()}
}

// Draw shows how things are now; waiting is how many messages wait for another
// attempt.
func (t *Table) Draw(c Counts, sizes map[string]int64, d Delays, waiting int64) error {
	now := time.Now()
	rate := float64(c.Committed-t.committed) / max(now.Sub(t.last).Seconds(), 0.001)
	t.last, t.committed = now, c.Committed
	for _, a := range t.Audiences {
		kept := append(t.sizes[a.ID], sizes[a.ID])
		t.sizes[a.ID] = kept[max(0, len(kept)-sparkWidth):]
	}
	pace := fmt.Sprintf("%s  %d events, %.0f a second", c.Now.Format("2006-01-02 15:04"), c.Committed, rate)
	outcome := fmt.Sprintf("latency %s (99%%: %s)  %d changes  %d dead letters", brief(d.Median), brief(d.High), c.Changes, c.Dead)
	sent := fmt.Sprintf("deliveries %d sent (99%%: %s)  %d retried  %d waiting", c.Sent, brief(d.Delivered), c.Retried, waiting)
	sweep := c.sweepWords()
	text := t.line(pace, outcome+"  "+sent, sweep, sizes)
	if t.terminal {
		text = t.page([]string{pace, outcome, sent, sweep}, c)
	}
	if _, err := io.WriteString(t.out, text); err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	return nil
}

// line is all that is to be seen, on one line. What is new of the sweep gets a
// line of its own before it.
func (t *Table) line(pace, outcome, sweep string, sizes map[string]int64) string {
	text := pace + "  " + outcome
	if sweep != t.told {
		t.told = sweep
		text = sweep + "\n" + text
	}
	for _, a := range t.Audiences {
		text += fmt.Sprintf("  %s=%d", a.ID, sizes[a.ID])
	}
	return text + "\n"
}

const (
	nameWidth = 30 // with all else, 80 columns
	clearLine = "\x1b[K"
	// While it is drawn the cursor is hidden and long lines are cut: a line
	// that wraps would push the table down.
	takeTerminal = "\x1b[?25l\x1b[?7l"
	giveTerminal = "\x1b[?25h\x1b[?7h"
)

// page is the whole table under its lines, drawn over the one before.
func (t *Table) page(lines []string, c Counts) string {
	var b strings.Builder
	if t.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", t.drawn)
	}
	b.WriteString(takeTerminal)
	b.WriteString("\r")
	for _, line := range lines {
		b.WriteString(line + clearLine + "\n")
	}
	fmt.Fprintf(&b, "%-*s %7s %7s %7s  %s%s\n", nameWidth, "AUDIENCE", "SIZE", "ENTERED", "LEFT", "SIZE OVER TIME", clearLine)
	for _, a := range t.Audiences {
		sizes := t.sizes[a.ID]
		fmt.Fprintf(&b, "%s %7d %7d %7d  %s%s\n", fit(a.Name, nameWidth), sizes[len(sizes)-1],
			c.Entered[a.ID], c.Left[a.ID], Sparkline(sizes), clearLine)
	}
	t.drawn = len(t.Audiences) + len(lines) + 1
	return b.String()
}

// Close gives the terminal back.
func (t *Table) Close() {
	if t.terminal {
		_, _ = io.WriteString(t.out, giveTerminal)
	}
}

// fit cuts or pads a text to a width in characters.
func fit(text string, width int) string {
	runes := []rune(text)
	if len(runes) > width {
		return string(runes[:width-3]) + "..."
	}
	return text + strings.Repeat(" ", width-len(runes))
}

// brief writes a duration with two or three digits.
func brief(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < 100*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
