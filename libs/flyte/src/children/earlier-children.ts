import { create } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import type { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import type { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import { type ActionUpdate, ActionUpdateSchema } from '../gen/flyteidl2/workflow/state_service_pb.js';
import { askAgain } from '../remote/connection/ask-again.js';
import { PAGE_SIZE, pages } from '../remote/connection/pages.js';
import { isDone, phaseOf } from '../remote/runs/run-info.js';
import type { ChildId } from './child-failure.js';
import { isFinal } from './enqueue.js';

const never = new AbortController().signal;

/**
 * What ended so long ago that Flyte's backend no longer tells of it where it tells of children: an hour, unless its operator says
 * otherwise. Runs are remembered for longer.
 */
export class EarlierChildren {
  #phases: Promise<ReadonlyMap<string, ActionPhase>> | undefined;

  /** @param parent the action whose children these are */
  constructor(
    private readonly runs: Client<typeof RunService>,
    private readonly parent: ChildId,
  ) {
    void this.#known().catch(() => undefined);
  }

  /** How a child ended; undefined if it has not. */
  async end(name: string): Promise<ActionUpdate | undefined> {
    const phase = (await this.#known()).get(name);
    if (phase === undefined || !isDone(phase)) return undefined;
    const actionId = { run: this.parent.run, name };
    if (phaseOf(phase) !== 'succeeded') return create(ActionUpdateSchema, { actionId, phase });
    const { details } = await this.runs.getActionDetails({ actionId });
    // Of a condition, the answer is all there is.
    if (details?.result.case === 'signalInfo') {
      return create(ActionUpdateSchema, { actionId, phase, value: details.result.value.output });
    }
    const { outputsUri } = await this.runs.getActionDataURIs({ actionId });
    return create(ActionUpdateSchema, { actionId, phase, outputUri: outputsUri });
  }

  async #known(): Promise<ReadonlyMap<string, ActionPhase>> {
    try {
      return await (this.#phases ??= askAgain(
        () => this.#list(),
        never,
        (error) => !isFinal(error),
      ));
    } catch (error) {
      // Whoever asks next may be luckier.
      this.#phases = undefined;
      throw error;
    }
  }

  async #list(): Promise<ReadonlyMap<string, ActionPhase>> {
    const { run: runId, name } = this.parent;
    const found = pages(async (token) => {
      const answer = await this.runs.listActions({ runId, request: { limit: PAGE_SIZE, token } });
      return { items: answer.actions, next: answer.token };
    });
    const phases = new Map<string, ActionPhase>();
    for await (const { id, metadata, status } of found) {
      if (id && status && metadata?.parent === name) phases.set(id.name, status.phase);
    }
    return phases;
  }
}
