throw new Error('thrown on load');

export class Never {}
