import type { ConnectionTestResult, QueryResult, QueryService } from '@tooljet-marketplace/common';

import addon = require('./addon');

import type { ModelListMethod, QueryOptions, SourceOptions } from './types';

/** Hands every call to the native addon, which checks all options and knows all operations. */
export default class Openai implements QueryService {
  async run(sourceOptions: SourceOptions, queryOptions: QueryOptions): Promise<QueryResult> {
    const result: unknown = await new addon.default().run(sourceOptions, queryOptions);
    return result as QueryResult;
  }

  async testConnection(sourceOptions: SourceOptions): Promise<ConnectionTestResult> {
    const result: unknown = await new addon.default().testConnection(sourceOptions);
    return result as ConnectionTestResult;
  }

  /** Gives a Model field of operations.json its list. */
  async invokeMethod(
    methodName: ModelListMethod,
    context: object,
    sourceOptions: SourceOptions,
  ): Promise<QueryResult> {
    return new addon.default().invokeMethod(methodName, context, sourceOptions);
  }
}
