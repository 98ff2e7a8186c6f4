// The rules by which ToolJet's form engine (V1) lays out a group of a form.

export const isFlip = (field) => field.type === 'dropdown-component-flip';

const fieldsOf = (group) => Object.values(group).filter((entry) => typeof entry?.type === 'string');

/**
 * The fields that are on show, in order: first those that are no flips, then each flip and below
 * it the group that is named like its value. Groups flip in their turn, to any depth.
 */
export function layOut(group, values, depth = 0) {
  const fields = fieldsOf(group);
  const plain = fields.filter((field) => !isFlip(field));
  const flipped = fields.filter(isFlip).flatMap((flip) => {
    const chosen = group[values[flip.key]];
    return [{ field: flip, depth }, ...(chosen ? layOut(chosen, values, depth + 1) : [])];
  });
  return [...plain.map((field) => ({ field, depth })), ...flipped];
}
