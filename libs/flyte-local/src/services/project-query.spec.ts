import { create } from '@bufbuild/protobuf';
import { ListProjectsRequestSchema } from 'nestjs-flyte/idl/project/project_service';
import { describe, expect, it } from 'vitest';
import { parseProjectQuery } from './project-query.js';

describe('parseProjectQuery', () => {
  it('puts nothing that a client wrote into SQL', () => {
    const filters = "eq(name,'; DROP TABLE projects)+value_in(state,1;2)";
    const query = parseProjectQuery(create(ListProjectsRequestSchema, { filters, limit: 3, token: '6' }));
    expect(query).toEqual({
      conditions: [
        ['name = ?', ["'; DROP TABLE projects"]],
        ['state IN (?, ?)', ['1', '2']],
      ],
      order: '',
      limit: 3,
      offset: 6,
    });
  });

  it('hides archived projects unless there is a filter', () => {
    expect(parseProjectQuery(create(ListProjectsRequestSchema)).conditions).toEqual([['state <> ?', [1]]]);
    expect(parseProjectQuery(create(ListProjectsRequestSchema, { filters: ' ' })).conditions).toEqual([]);
  });
});
