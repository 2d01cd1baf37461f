package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// driver is a producer or one member of a group, by what it is told first.
type driver struct {
	seeds    string
	consumer *kgo.Client
	assigned []int32
	polling  sync.WaitGroup
	stop     context.CancelFunc
	// by transactional id
	producers map[string]*kgo.Client
}

func (d *driver) obey(told command) (any, error) {
	switch told.Do {
	case "version":
		return version(), nil
	case "create":
		return nil, d.create(told)
	case "produce":
		return d.produce(told)
	case "join":
		return nil, d.join(told)
	case "leave":
		return nil, d.leave()
	case "transact":
		return nil, d.transact(told)
	case "end":
		return nil, d.end(told)
	case "read":
		return d.read(told)
	}
	return nil, fmt.Errorf("no command %q", told.Do)
}

func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/twmb/franz-go" {
			return module.Version
		}
	}
	return "unknown"
}

func (d *driver) create(told command) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(d.seeds))
	if err != nil {
		return err
	}
	defer client.Close()
	answer, err := kadm.NewClient(client).CreateTopic(context.Background(), told.Partitions, -1, nil, told.Topic)
	if err != nil {
		return err
	}
	return answer.Err
}

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

func (d *driver) produce(told command) (any, error) {
	options := []kgo.Opt{
		kgo.SeedBrokers(d.seeds),
		kgo.DefaultProduceTopic(told.Topic),
		kgo.ProducerBatchCompression(codecs[told.Codec]),
		kgo.ProducerLinger(5 * time.Millisecond),
	}
	if !told.Idempotence {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var asked [][2]string
	if err := json.Unmarshal(told.Records, &asked); err != nil {
		return nil, err
	}
	var records []*kgo.Record
	for _, record := range asked {
		records = append(records, kgo.KeyStringRecord(record[0], record[1]))
	}
	if err := client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		return nil, err
	}
	places := make([][2]int64, len(records))
	for index, record := range records {
		places[index] = [2]int64{int64(record.Partition), record.Offset}
	}
	return places, nil
}

func (d *driver) join(told command) error {
	var err error
	d.consumer, err = kgo.NewClient(
		kgo.SeedBrokers(d.seeds),
		kgo.ConsumerGroup(told.Group),
		kgo.ConsumeTopics(told.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		// A rebalance waits until what was polled is committed.
		kgo.BlockRebalanceOnPoll(),
		kgo.HeartbeatInterval(200*time.Millisecond),
		kgo.SessionTimeout(6*time.Second),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) {
			d.assigned = append(d.assigned, added[told.Topic]...)
			d.tellAssigned()
		}),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
			d.assigned = slices.DeleteFunc(d.assigned, func(partition int32) bool {
				return slices.Contains(gone[told.Topic], partition)
			})
			d.tellAssigned()
		}),
	)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.polling.Add(1)
	go d.poll(running)
	return nil
}

func (d *driver) tellAssigned() {
	slices.Sort(d.assigned)
	partitions := append([]int32{}, d.assigned...)
	write(map[string]any{"event": "assigned", "partitions": partitions})
}

func (d *driver) poll(running context.Context) {
	defer d.polling.Done()
	for running.Err() == nil {
		fetches := d.consumer.PollFetches(running)
		var records [][4]any
		fetches.EachRecord(func(record *kgo.Record) {
			records = append(records, [4]any{record.Partition, record.Offset, string(record.Key), string(record.Value)})
		})
		if len(records) > 0 {
			write(map[string]any{"event": "records", "records": records})
			if err := d.consumer.CommitRecords(context.Background(), fetches.Records()...); err != nil {
				write(map[string]any{"event": "commit failed", "what": err.Error()})
			}
		}
		d.consumer.AllowRebalance()
	}
}

func (d *driver) leave() error {
	d.stop()
	d.polling.Wait()
	d.consumer.Close()
	return nil
}
