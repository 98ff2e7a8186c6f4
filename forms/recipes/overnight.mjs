/** A recipe of docs/openai.md, tried with PostgreSQL 15. The names of nodes are as ToolJet 3.16 documents its workflows. */
export const OVERNIGHT = `#### 100,000 rows overnight

A table \`tickets\` has 100,000 rows, and a model should fill its column \`topic\`, for half the price. Two [workflows](https://docs.tooljet.com/docs/workflows/overview) do it (in the paid editions of ToolJet 3; here as in 3.16, where the result of a node has the node's name). They keep their state in a table of the same PostgreSQL database:

\`\`\`sql
CREATE TABLE batches (
  id serial PRIMARY KEY,
  batch_ids jsonb,
  row_ids jsonb,
  done boolean DEFAULT false
);
\`\`\`

The first workflow starts the batch. Run it every evening by a schedule, or from an app:

1. *getTickets*, a PostgreSQL node. The database makes the lists, because JavaScript in a workflow has little memory:

   \`\`\`sql
   SELECT json_agg(id ORDER BY id) AS ids, json_agg(title ORDER BY id) AS titles
   FROM tickets
   WHERE topic IS NULL AND NOT EXISTS (SELECT FROM batches WHERE NOT done)
   \`\`\`

2. An If condition: \`getTickets.data[0].ids !== null\`. The next steps follow its green arrow.
3. *startBatch*, a node of this plugin: Operation *Start a batch*, Prompts \`{{getTickets.data[0].titles}}\`, and as System prompt what to do with each, such as *Answer with one word: billing, shipping, technical or other.*
4. *keepBatch*, a PostgreSQL node with \`INSERT INTO batches (batch_ids, row_ids) VALUES (:batch_ids, :row_ids)\` and the parameters \`batch_ids\` = \`{{JSON.stringify(startBatch.data.batch_ids)}}\` and \`row_ids\` = \`{{JSON.stringify(getTickets.data[0].ids)}}\`.

The second workflow asks until the batch is done. Its schedule runs it every 30 minutes:

1. *getOpen*, a PostgreSQL node: \`SELECT id, batch_ids FROM batches WHERE NOT done ORDER BY id LIMIT 1\`.
2. An If condition: \`getOpen.data.length > 0\`.
3. *getBatch*, a node of this plugin: Operation *Get a batch*, Batch ID \`{{getOpen.data[0].batch_ids}}\`.
4. An If condition: \`Array.isArray(getBatch.data)\`. While the batch runs, \`data\` is its status, not a list, and the workflow ends here.
5. *storeTopics*, a PostgreSQL node with the parameters \`answers\` = \`{{JSON.stringify(getBatch.data)}}\` and \`batch\` = \`{{getOpen.data[0].id}}\`. It takes about 2 seconds for 100,000 rows:

   \`\`\`sql
   UPDATE tickets SET topic = answer.text
   FROM batches,
     jsonb_array_elements_text(CAST(:answers AS jsonb)) WITH ORDINALITY AS answer (text, number),
     jsonb_array_elements_text(batches.row_ids) WITH ORDINALITY AS asked (id, number)
   WHERE batches.id = :batch AND asked.number = answer.number
     AND tickets.id = CAST(asked.id AS int) AND answer.text IS NOT NULL
   \`\`\`

6. *closeBatch*, a PostgreSQL node with \`UPDATE batches SET done = true WHERE id = :batch\` and the same parameter \`batch\`.

The rows that failed still have no topic, so the next evening's batch includes them again; \`getBatch.metadata.failed\` says why. ToolJet ends a workflow after 60 seconds: set \`WORKFLOW_TIMEOUT_SECONDS\` to \`600\`, as 100,000 prompts have to be sent.

**Vectors, or long answers,** do not fit one result. With a column \`next_row int DEFAULT 0\` in the table \`batches\`, each run of the second workflow stores one page, until all are stored:

- *getOpen* also selects \`next_row\`.
- *getBatch* has First row \`{{getOpen.data[0].next_row}}\` and Rows \`2500\`.
- *storeTopics* has \`asked.number = batches.next_row + answer.number\` in place of \`asked.number = answer.number\`.
- *closeBatch* is \`UPDATE batches SET next_row = next_row + 2500, done = next_row + 2500 >= jsonb_array_length(row_ids) WHERE id = :batch\`.

**Without workflows**, which ToolJet 2 and the free edition do not have, an app does the same with two buttons: one runs *startBatch* and then *keepBatch*, the other *getOpen*, *getBatch* and *storeTopics*. To ask every ten minutes while the page is open, use *Run JavaScript code*: \`setInterval(() => queries.getBatch.run(), 600000)\`. Close the page whenever you like: the batch runs at OpenAI, and its IDs are all that is needed to get it, tomorrow or on another machine. In an app, prompts and answers pass through the browser, and ToolJet takes 50 MB a query.`;
