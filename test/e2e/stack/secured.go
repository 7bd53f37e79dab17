package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	goredis "github.com/redis/go-redis/v9"

	"muster/test/kit/certificates"
	"muster/test/kit/kafka"
	"muster/test/kit/redis"
)

// The environment variable and the file with the evaluators' passwords.
const (
	kafkaPassword = "E2E_KAFKA_PASSWORD"
	redisPassword = "redis-password"
)

// secured is what evaluators need to be let in.
type secured struct {
	kafka    *kafka.Secured
	redis    *redis.Security
	folder   string
	password string // of Kafka, for evaluators that are started from now on
}

func (s *System) startSecured() {
	s.t.Helper()
	if kafka.Real() {
		aloneSecured <- struct{}{}
		s.t.Cleanup(func() { <-aloneSecured })
	}
	s.secured = &secured{kafka: kafka.StartSecured(s.t), redis: redis.NewSecurity(s.t), folder: s.folder}
	s.secured.redis.Destinations = s.Destinations != ""
	s.brokers, s.admin, s.kafka = s.secured.kafka.Addresses(), s.secured.kafka.AdminClient(), s.secured.kafka.AdminOptions()
	s.startRedis(s.secured.redis.Start, s.secured.redis.StartCluster)
	s.SetPasswords(kafka.Password, redis.Password)
	ctx, cancel := s.bounded()
	defer cancel()
	err := s.secured.kafka.Allow(ctx, kafka.DocumentedPermissions(s.t, map[string]string{
		"shop-events": s.Source, "shop-events.dead": s.Source + DeadSuffix,
		"muster-events": s.Keyed, "muster-events.dead": s.Keyed + DeadSuffix,
		"muster": s.group(), "muster-router": s.group() + "-router",
		"muster.memberships": s.Source + ".memberships", "muster.members": s.Source + ".members", "muster.": "muster.",
		"muster-deployment": s.group() + "-deployment", "muster-events-deployment": s.Keyed + "-deployment",
	})...)
	if err != nil {
		s.t.Fatal(err)
	}
}

// SetPasswords gives the evaluators passwords: that of Kafka to those started
// from now on, that of Redis, which is in a file, to all.
func (s *System) SetPasswords(ofKafka, ofRedis string) {
	s.t.Helper()
	s.secured.password = ofKafka
	s.write(redisPassword, ofRedis+"\n")
}

// program returns a command that runs the evaluator with arguments, and with
// what its environment has to say.
func (s *System) program(ctx context.Context, path string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, path, arguments...)
	command.Env = os.Environ()
	if s.secured != nil {
		command.Env = append(command.Env, kafkaPassword+"="+s.secured.password)
	}
	return command
}

// SetRedisUser gives the evaluators' user in Redis another password and ends
// its connections.
func (s *System) SetRedisUser(password string) {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	err := s.Redis.Do(ctx, "ACL", "SETUSER", redis.User, "resetpass", ">"+password).Err()
	if err == nil {
		err = s.Redis.Do(ctx, "CLIENT", "KILL", "USER", redis.User).Err()
	}
	if err != nil {
		s.t.Fatalf("changing the user: %v", err)
	}
}

// Denied returns what Redis has denied the evaluators because their user may
// not do it.
func (s *System) Denied() ([]*goredis.ACLLogEntry, error) {
	ctx, cancel := s.bounded()
	defer cancel()
	entries, err := s.Redis.ACLLog(ctx, 100).Result()
	var denied []*goredis.ACLLogEntry
	for _, e := range entries {
		if e.Reason != "auth" {
			denied = append(denied, e)
		}
	}
	return denied, err
}

func tlsLines(authority *certificates.Authority, own certificates.Pair) string {
	return fmt.Sprintf("  tls:\n    enabled: true\n    ca_file: %s\n    cert_file: %s\n    key_file: %s\n", authority.File, own.CertFile, own.KeyFile)
}

// kafkaLines end the configuration's section kafka.
func (s *secured) kafkaLines() string {
	return tlsLines(s.kafka.Authority, s.kafka.Client) +
		fmt.Sprintf("  sasl:\n    mechanism: SCRAM-SHA-512\n    username: %s\n    password: ${%s}\n", kafka.User, kafkaPassword)
}

// redisLines end the configuration's section redis.
func (s *secured) redisLines() string {
	return tlsLines(s.redis.Authority, s.redis.Client) +
		fmt.Sprintf("  username: %s\n  password_file: %s\n  retry_for: 1s\n", redis.User, redisPassword)
}
