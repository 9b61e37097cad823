import { create } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import type { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import type { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import { type ActionUpdate, ActionUpdateSchema } from '../gen/flyteidl2/workflow/state_service_pb.js';
import { PAGE_SIZE, pages } from '../remote/connection/pages.js';
import { isDone, phaseOf } from '../remote/runs/run-info.js';
import type { ChildId } from './child-failure.js';

/**
 * What ended so long ago that Flyte's backend no longer tells of it where it tells of children: an hour, unless its operator says
 * otherwise. Runs are remembered for longer.
 */
export class EarlierChildren {
  readonly #phases: Promise<ReadonlyMap<string, ActionPhase>>;

  /** @param parent the action whose children these are */
  constructor(
    private readonly runs: Client<typeof RunService>,
    private readonly parent: ChildId,
  ) {
    this.#phases = this.#list();
    this.#phases.catch(() => undefined);
  }

  /** How a child ended; undefined if it has not. */
  async end(name: string): Promise<ActionUpdate | undefined> {
    const phase = (await this.#phases).get(name);
    if (phase === undefined || !isDone(phase)) return undefined;
    const actionId = { run: this.parent.run, name };
    const uris = phaseOf(phase) === 'succeeded' ? await this.runs.getActionDataURIs({ actionId }) : undefined;
    return create(ActionUpdateSchema, { actionId, phase, outputUri: uris?.outputsUri ?? '' });
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
