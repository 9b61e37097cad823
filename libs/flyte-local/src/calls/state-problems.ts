import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { codeOf } from '../state/atomic-file.js';
import { DamagedState, isDamagedDatabase, isFull } from '../state/state-problem.js';

/**
 * The interceptor that says what is wrong with the plane's state, where a service fails over it: callers see `internal error`
 * of anything else, and can do nothing about that.
 *
 * @param folder the state folder
 */
export function tellStateProblems(folder: string): Interceptor {
  const told = (error: unknown): unknown => toConnectError(error, folder);
  return (next) => async (request) => {
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: retold(response.message, told) } : response;
    } catch (error) {
      throw told(error);
    }
  };
}

async function* retold<Message>(
  messages: AsyncIterable<Message>,
  told: (error: unknown) => unknown,
): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw told(error);
  }
}

function toConnectError(error: unknown, folder: string): unknown {
  if (isFull(error)) {
    const message =
      `The disk of the control plane's state folder ${folder} is full (${codeOf(error)}), and what this call stores was not ` +
      'kept. Free some space there, and call again.';
    return new ConnectError(message, Code.ResourceExhausted);
  }
  if (error instanceof DamagedState) return new ConnectError(error.message, Code.DataLoss);
  if (isDamagedDatabase(error)) {
    const message =
      `The database in the control plane's state folder ${folder} is damaged (${codeOf(error)}). Stop the control plane and ` +
      'restore that folder, or delete it to start with a new one.';
    return new ConnectError(message, Code.DataLoss);
  }
  return error;
}
