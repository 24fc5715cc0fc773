import { InputError } from '../../math/errors.ts';

/** A model repository of a hub, at one revision (a branch, a tag or a commit). */
export interface HubRepo {
  /** Address of the hub without a slash at its end. */
  readonly baseUrl: string;
  /** `owner/name`, or `name` alone for a few old repositories. */
  readonly id: string;
  readonly revision: string;
}

/** A part of a repository's or a revision's name. Of dots alone it would lead to another address. */
const PART = /^(?!\.+$)[\w.-]{1,200}$/;
const isPath = (name: string): boolean =>
  name.split('/').every((part) => PART.test(part) && !part.includes('..'));
const THIS_MACHINE = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** A repository as a person typed it. @throws InputError naming the part that cannot be right */
export function hubRepo({ baseUrl, id, revision }: HubRepo): HubRepo {
  const repo = { baseUrl: hubAddress(baseUrl), id: id.trim(), revision: revision.trim() || 'main' };
  if (!isPath(repo.id) || repo.id.split('/').length > 2) {
    throw new InputError(`"${repo.id}" is not the name of a repository.`, {
      hint: 'Write it as owner/name, as on its page: StarJiaxing/R1-Omni-0.5B.',
    });
  }
  if (!isPath(repo.revision)) {
    throw new InputError(`"${repo.revision}" is not a revision.`, {
      hint: 'Write a branch, a tag or a commit; main is the usual one.',
    });
  }
  return repo;
}

function hubAddress(typed: string): string {
  const url = URL.canParse(typed.trim()) ? new URL(typed.trim()) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash) {
    // An empty query or fragment would swallow what is put behind the address.
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  }
  throw new InputError('The base URL is not the address of a hub.', {
    hint: 'Write it as https://huggingface.co, without a user, a password or a query.',
  });
}

/** A token must not travel in the clear. @throws InputError */
export function checkTokenIsSafe({ baseUrl }: HubRepo): void {
  const { protocol, hostname, host } = new URL(baseUrl);
  if (protocol === 'https:' || THIS_MACHINE.test(hostname)) return;
  throw new InputError(
    `The token was not sent: ${host} is addressed by http, which anyone on the way can read.`,
    {
      hint: 'Write the base URL with https, or leave the token out.',
    },
  );
}

/** Address of a file of the repository. */
export function fileUrl({ baseUrl, id, revision }: HubRepo, path: string): string {
  const parts = path.split('/').map(encodeURIComponent).join('/');
  return `${baseUrl}/${id}/resolve/${encodeURIComponent(revision)}/${parts}`;
}

/** The repository's own name, without its owner. */
export function repoName({ id }: HubRepo): string {
  return id.slice(id.indexOf('/') + 1);
}
