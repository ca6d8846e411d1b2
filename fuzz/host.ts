// The process of one target: what ends it, as a failed assertion in native code of node does, ends no other target.
import { campaign, type Plan } from './campaign-thread.js';

process.once('message', async ({ name, plan }: { readonly name: string; readonly plan: Plan }) => {
  const outcome = await campaign(name, plan);
  process.send!(outcome, () => process.exit(0));
});
