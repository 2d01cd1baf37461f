package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func (d *driver) producer(id string) (*kgo.Client, error) {
	if client, made := d.producers[id]; made {
		return client, nil
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(d.seeds),
		kgo.TransactionalID(id),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	if err != nil {
		return nil, err
	}
	if d.producers == nil {
		d.producers = map[string]*kgo.Client{}
	}
	d.producers[id] = client
	return client, nil
}

func (d *driver) transact(told command) error {
	client, err := d.producer(told.ID)
	if err != nil {
		return err
	}
	var asked [][2]any
	if err := json.Unmarshal(told.Records, &asked); err != nil {
		return err
	}
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	var records []*kgo.Record
	for _, record := range asked {
		records = append(records, &kgo.Record{
			Topic:     told.Topic,
			Partition: int32(record[0].(float64)),
			Value:     []byte(record[1].(string)),
		})
	}
	if err := client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		return err
	}
	return d.end(told)
}

func (d *driver) end(told command) error {
	how := map[string]kgo.TransactionEndTry{"commit": kgo.TryCommit, "abort": kgo.TryAbort}
	try, ends := how[told.End]
	if !ends {
		return nil
	}
	return d.producers[told.ID].EndTransaction(context.Background(), try)
}

func (d *driver) read(told command) (any, error) {
	offsets := map[int32]kgo.Offset{}
	for partition := int32(0); partition < told.Partitions; partition++ {
		offsets[partition] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(d.seeds),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{told.Topic: offsets}),
	)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	records := [][2]any{}
	for {
		// What is committed is there already: a second of silence is the end of it.
		waiting, stop := context.WithTimeout(context.Background(), time.Second)
		fetches := client.PollFetches(waiting)
		stop()
		if waiting.Err() != nil && fetches.NumRecords() == 0 {
			return records, nil
		}
		if errors := fetches.Errors(); len(errors) > 0 {
			return nil, fmt.Errorf("fetch: %w", errors[0].Err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			records = append(records, [2]any{record.Partition, string(record.Value)})
		})
	}
}
