import type { DeviceInfo } from '../../protocol/messages.ts';

/** The kernel variants that were found fastest on the device, by class of work. */
export function variantsText(variants: NonNullable<DeviceInfo['variants']>): string {
  const found = Object.entries(variants).map(([work, variant]) => `${work}: ${variant}`);
  return found.join(', ') || 'those usual for such a device';
}
