import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { expect, it } from 'vitest';
import { forwardedHeaders } from './forwarded-headers.js';
import { inboundRequest } from './inbound-request.js';

it('forwards the headers that are named, repeated ones joined, and leaves out what can’t travel', () => {
  const headers = [
    ['traceparent', ' 00-1-1-01 '],
    ['baggage', 'a=1'],
    ['x-secret', 'hidden'],
    ['baggage', 'b=2'],
    ['x-tenant', 'bl\u00fce'],
  ] as const;
  const inbound = { method: 'GET', url: '/', headers: {}, rawHeaders: headers.flat() };
  const request = inboundRequest(new ExecutionContextHost([inbound]));
  expect(forwardedHeaders(request, ['baggage', 'traceparent', 'x-tenant', 'x-absent'])).toEqual([
    ['baggage', 'a=1, b=2'],
    ['traceparent', '00-1-1-01'],
  ]);
  expect(forwardedHeaders(request, [])).toEqual([]);
});
