import { chromium } from 'playwright-core';
import { mkdirSync } from 'node:fs';
const url = process.argv[2]; const out='/tmp/shots'; mkdirSync(out,{recursive:true});
const browser = await chromium.launch({ executablePath:'/usr/bin/chromium', args:['--no-sandbox'] });
for (const scheme of (process.argv[3]??'light,dark').split(',')) {
  const page = await browser.newPage({ viewport:{width:1280,height:720}, colorScheme: scheme });
  page.on('console', m => { if (m.type()==='error'||m.type()==='warning') console.log(scheme, m.type(), m.text().slice(0,300)); });
  page.on('pageerror', e => console.log(scheme,'pageerror', e.message));
  const shot = (n) => page.screenshot({ path:`${out}/${scheme}-${n}.png` });
  await page.goto(url+'?demo=0'); await page.waitForSelector('h1'); await page.waitForTimeout(500); 
  for (const s of ['train','data','rollouts','evaluate','export']) { await page.goto(url+'?demo=0#/'+s); await page.waitForTimeout(300); await shot('empty-'+s); }
  await page.goto(url+'?stepMs=10'); await page.reload(); await page.waitForSelector('[data-testid=start]:not([disabled])'); await page.waitForTimeout(300); await shot('train-ready');
  await page.click('[data-testid=start]');
  await page.waitForTimeout(1500); await shot('train-running');
  await page.waitForSelector('[data-state=finished]',{timeout:90000}); await page.waitForTimeout(300); await shot('train-finished');
  await page.click('[data-testid=all-settings]'); await page.waitForTimeout(200); await page.screenshot({ path:`${out}/${scheme}-train-settings.png`, fullPage:true });
  await page.keyboard.press('1'); await page.waitForTimeout(400); await page.click('[data-testid=clip-row] >> nth=1'); await page.waitForTimeout(400); await shot('data');
  await page.keyboard.press('2'); await page.waitForTimeout(300); await shot('model');
  await page.keyboard.press('4'); await page.waitForTimeout(300); await page.click('[data-testid=rollout-row] >> nth=2'); await page.waitForTimeout(200); await shot('rollouts');
  await page.keyboard.press('5'); await page.waitForTimeout(300); await page.click('[data-testid=evaluate]'); await page.waitForTimeout(100); await page.click('[data-testid=evaluate-no-audio]'); await page.waitForTimeout(200); await shot('evaluate');
  await page.keyboard.press('6'); await page.waitForTimeout(300); await page.click('[data-testid=export-button]'); await page.waitForTimeout(200); await shot('export');
  await page.goto(url+'?gpu=0'); await page.reload(); await page.waitForTimeout(500); await shot('no-gpu');
  await page.setViewportSize({width:800,height:900}); await page.goto(url+'?stepMs=5'); await page.reload(); await page.waitForSelector('[data-testid=start]:not([disabled])'); await page.click('[data-testid=start]'); await page.waitForTimeout(1500); await shot('narrow');
  await page.close();
}
await browser.close();
