// Work that waits, by sender: they are served in turns.

/** Work by the sender that it is for. Senders are served one after the other, each one's work in its order. */
export class SenderQueue<T> {
  private readonly bySender = new Map<string, T[]>();

  add(sender: string, item: T): void {
    const items = this.bySender.get(sender);
    if (items) items.push(item);
    else this.bySender.set(sender, [item]);
  }

  /** The next sender's first; that sender is the last now. */
  take(): readonly [string, T] | undefined {
    for (const [sender, items] of this.bySender) {
      this.bySender.delete(sender);
      const item = items.shift()!;
      if (items.length > 0) this.bySender.set(sender, items);
      return [sender, item];
    }
    return undefined;
  }

  /** Gives back what is not done: it stays the sender's first, and the other senders come before it. */
  giveBack(sender: string, item: T): void {
    const items = this.bySender.get(sender) ?? [];
    items.unshift(item);
    this.bySender.delete(sender);
    this.bySender.set(sender, items);
  }
}
