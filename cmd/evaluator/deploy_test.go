package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// deployed is a command of configs/deploy, of a stage of a backfill, and how
// many times it is run: 0 for once, without an index.
type deployed struct {
	stage   string
	command []string
	times   int
}

// stagesOfBackfill are those that both deployments must have, in their order.
var stagesOfBackfill = []string{"plan", "index", "fold", "evaluate", "gather"}

// The manifests of configs/deploy run commands and flags that there are, each
// stage once, and as many tasks as are planned.
func TestDeploymentsRunCommandsThatThereAre(t *testing.T) {
	for name, commands := range map[string][]deployed{"Kubernetes": kubernetesJobs(t, "backfill-job.yaml"), "AWS Batch": batchJobs(t)} {
		var planned int
		for i, one := range commands {
			if i >= len(stagesOfBackfill) || one.stage != stagesOfBackfill[i] {
				t.Fatalf("%s: stage %d is %q", name, i, one.stage)
			}
			if one.times > 0 {
				t.Setenv("JOB_COMPLETION_INDEX", "1")
			} else if err := os.Unsetenv("JOB_COMPLETION_INDEX"); err != nil {
				t.Fatal(err)
			}
			parsed := parseDeployed(t, one.command)
			switch one.stage {
			case "plan":
				planned = parsed.Backfill.Plan.Tasks
			case "gather":
				if one.times != 0 {
					t.Errorf("%s: %s is run %d times", name, one.stage, one.times)
				}
			default:
				if task := parsed.Backfill.Task; task.Stage != one.stage || one.times != planned || task.Index != 1 {
					t.Errorf("%s: %d times %q, of %d that are planned", name, one.times, one.command, planned)
				}
			}
			if i > 0 && !slices.Contains(one.command, "--manifest=/work/backfill.json") {
				t.Errorf("%s: %q has another manifest than the plan's", name, one.command)
			}
		}
		if len(commands) != len(stagesOfBackfill) {
			t.Errorf("%s: %d stages", name, len(commands))
		}
	}
}

// What is to be published is planned and started by the same flags, and done by
// tasks in between.
func TestPublicationByTasksIsDeployed(t *testing.T) {
	t.Setenv("JOB_COMPLETION_INDEX", "1")
	commands := kubernetesJobs(t, "backfill-publish-job.yaml")
	stages := []string{"plan", "index", "fold", "evaluate", "start"}
	if len(commands) != len(stages) {
		t.Fatalf("%d stages", len(commands))
	}
	plan, start := parseDeployed(t, commands[0].command).Backfill.Plan, parseDeployed(t, commands[len(stages)-1].command).Backfill.Start
	if !plan.Publish || start.DryRun || plan.backfillRequest != start.backfillRequest || !reflect.DeepEqual(plan.publishFlags, start.publishFlags) {
		t.Errorf("planned by %+v, started by %+v", plan, start)
	}
	for i, one := range commands {
		if one.stage != stages[i] {
			t.Errorf("%s comes at place %d", one.stage, i)
		}
		if i == 0 || i == len(stages)-1 {
			continue
		}
		if task := parseDeployed(t, one.command).Backfill.Task; task.Stage != one.stage || task.Manifest != plan.Manifest || one.times != plan.Tasks {
			t.Errorf("%d times %q, of %d that are planned", one.times, one.command, plan.Tasks)
		}
	}
}

// parseDeployed reads a command line as the program does.
func parseDeployed(t *testing.T, command []string) *cli {
	t.Helper()
	parsed := &cli{}
	parser, err := kong.New(parsed, kong.Vars{"version": "", "user": ""}, kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if len(command) == 0 || command[0] != "evaluator" {
		t.Fatalf("%q does not run evaluator", command)
	}
	if _, err := parser.Parse(command[1:]); err != nil {
		t.Fatalf("%q: %v", command, err)
	}
	return parsed
}

func kubernetesJobs(t *testing.T, name string) []deployed {
	t.Helper()
	type document struct {
		Kind     string
		Metadata struct{ Labels map[string]string }
		Spec     struct {
			CompletionMode string `yaml:"completionMode"`
			Completions    int
			Template       struct {
				Spec struct {
					Containers []struct{ Command, Args []string }
				}
			}
		}
	}
	var found []deployed
	for decoder := yaml.NewDecoder(bytes.NewReader(readDeployed(t, name))); ; {
		var one document
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if one.Kind != "Job" {
			continue
		}
		if (one.Spec.CompletionMode == "Indexed") != (one.Spec.Completions > 0) || len(one.Spec.Template.Spec.Containers) != 1 {
			t.Fatalf("%+v", one)
		}
		c := one.Spec.Template.Spec.Containers[0]
		found = append(found, deployed{one.Metadata.Labels["stage"], append(c.Command, c.Args...), one.Spec.Completions})
	}
	return found
}

func batchJobs(t *testing.T) []deployed {
	t.Helper()
	type job struct {
		JobDefinition      string
		ArrayProperties    struct{ Size int }
		ContainerOverrides struct{ Command []string }
	}
	var file struct {
		Comment    []string
		Definition struct{ JobDefinitionName string }
		Jobs       map[string]job
	}
	if err := json.Unmarshal(readDeployed(t, "backfill-batch.json"), &file); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(file.Comment, "\n"), "for stage in "+strings.Join(stagesOfBackfill, " ")+";") {
		t.Error("the comment submits other stages")
	}
	var found []deployed
	for _, stage := range stagesOfBackfill {
		one, there := file.Jobs[stage]
		if !there || one.JobDefinition != file.Definition.JobDefinitionName {
			t.Fatalf("%s: %+v", stage, one)
		}
		found = append(found, deployed{stage, one.ContainerOverrides.Command, one.ArrayProperties.Size})
	}
	return found
}

func readDeployed(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../configs/deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
